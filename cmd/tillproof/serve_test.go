package main

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The server tells where it listens, gives worlds to a run in another process, logs what is decided without a card number, and
// ends with 0 when it is told to stop.
func TestServeUntilToldToStop(t *testing.T) {
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			c := tillproof(t, "serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--store", "books")
			stdout, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			door := ""
			for door == "" {
				line, err := out.ReadString('\n')
				if err != nil {
					t.Fatalf("the server tells no door: %v", err)
				}
				if found := regexp.MustCompile(`^control door http://(.*)\n$`).FindStringSubmatch(line); found != nil {
					door = found[1]
				}
			}
			if text, err := tillproof(t, "run", "--control", door, "--out", "report", "--tags", "@SWP-001").CombinedOutput(); code(err) != 0 {
				t.Errorf("a run against it: %v\n%s", err, text)
			}
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			log, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			if got := code(c.Wait()); got != 0 {
				t.Errorf("it ends with %d", got)
			}
			if !strings.Contains(string(log), "acquirer: 00 sign-in") || !strings.HasSuffix(string(log), "stopped\n") {
				t.Errorf("the log lacks a sign-in or its end:\n%s", log)
			}
			if found := regexp.MustCompile(`62001200\d{8}`).Find(log); found != nil {
				t.Error("the log tells a card number")
			}
		})
	}
}
