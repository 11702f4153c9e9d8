package main

import (
	"bufio"
	"bytes"
	"testing"
)

// Whatever comes down the line, a host answers or keeps silent: it never falls over.
func FuzzHosts(f *testing.F) {
	f.Add("0078" + "0800" + "2220000000C00000" + "0601093000" + "000001" + "10000001" + "898320548160001" + "022" + "00000100000001")
	f.Add("\x00\x20" + "`\x00\x01\x00\x00" + "\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Add("\x00\x10" + "0200" + "\x80\x00\x00\x00\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, sent string) {
		for name, l := range lines {
			h, r := newHost(l), bufio.NewReader(bytes.NewReader([]byte(sent)))
			tpdu, body, err := l.read(r)
			if err != nil {
				continue
			}
			out := h.answer(body)
			if out == nil {
				continue
			}
			_, again, err := l.read(bufio.NewReader(bytes.NewReader(l.frame(tpdu, out))))
			if err != nil {
				t.Fatalf("%s: its own frame: %v", name, err)
			}
			if _, err := l.decode(again); err != nil {
				t.Errorf("%s: its own answer: %v", name, err)
			}
		}
	})
}
