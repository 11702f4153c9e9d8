package journal

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// timers are what a Troubled wants to be called back for, in order.
type timers []func()

func (t *timers) after(_ time.Duration, f func()) { *t = append(*t, f) }

func (t *timers) fire(n int) {
	due := (*t)[:n]
	*t = (*t)[n:]
	for _, f := range due {
		f()
	}
}

// Writes of a troubled store: which were promised, and which a restart finds.
func TestTroubled(t *testing.T) {
	for _, c := range []struct {
		name           string
		do             func(*Troubled, *timers, func(string))
		promised, kept string
	}{
		{"no trouble", func(_ *Troubled, _ *timers, write func(string)) { write("a"); write("b") }, "ab", "ab"},
		{"slow", func(s *Troubled, _ *timers, write func(string)) { s.Slow(time.Second); write("a") }, "", ""},
		{"slow and done", func(s *Troubled, due *timers, write func(string)) {
			s.Slow(time.Second)
			write("a")
			write("b")
			due.fire(2)
		}, "ab", "ab"},
		{"fast again, behind what is slow", func(s *Troubled, due *timers, write func(string)) {
			s.Slow(time.Second)
			write("a")
			s.Slow(0)
			write("b")
			due.fire(1)
		}, "a", "a"},
		{"dies with a write under way", func(s *Troubled, due *timers, write func(string)) {
			write("a")
			s.Slow(time.Second)
			write("b")
			s.Die()
			due.fire(1)
			write("c")
		}, "a", "a"},
		{"full", func(s *Troubled, _ *timers, write func(string)) { write("a"); s.Fill(true); write("b") }, "a!", "a"},
		{"full when the slow write gets there", func(s *Troubled, due *timers, write func(string)) {
			s.Slow(time.Second)
			write("a")
			s.Fill(true)
			due.fire(1)
			s.Fill(false)
			write("b")
			due.fire(1)
		}, "!b", "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			due, memory, promised := &timers{}, NewMemory(), ""
			s := NewTroubled(memory, due.after)
			c.do(s, due, func(text string) {
				s.Append([]Record{{Kind: text}}, func(err error) {
					switch {
					case err == nil:
						promised += text
					case errors.Is(err, syscall.ENOSPC):
						promised += "!"
					default:
						t.Error(err)
					}
				})
			})
			var kept strings.Builder
			if err := memory.Replay(func(r Record) error { _, err := fmt.Fprint(&kept, r.Kind); return err }); err != nil {
				t.Fatal(err)
			}
			if promised != c.promised || kept.String() != c.kept {
				t.Errorf("promised %q, kept %q; want %q and %q", promised, kept.String(), c.promised, c.kept)
			}
		})
	}
}
