package sim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRunAwayLoopEnds(t *testing.T) {
	for name, again := range map[string]func(*Loop, func()){
		"timers":          func(l *Loop, f func()) { l.After(time.Second, f) },
		"the same moment": func(l *Loop, f func()) { l.After(0, f) },
		"posts":           func(l *Loop, f func()) { l.Post(f) },
	} {
		t.Run(name, func(t *testing.T) {
			l := NewVirtual(Start)
			l.limit = 1000
			n := 0
			var answer func()
			answer = func() { n++; again(l, answer) }
			answer()
			err := l.Run(t.Context(), nil)
			if err == nil || errors.Is(err, ErrIdle) || !strings.Contains(err.Error(), "1000 events") || n != 1001 {
				t.Errorf("%d events, %v", n, err)
			}
		})
	}
}
