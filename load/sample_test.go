package load_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
)

func TestResponseIsLatenessAndService(t *testing.T) {
	s := load.Sample{Due: 3 * time.Millisecond, Written: 5 * time.Millisecond, Answered: 12 * time.Millisecond}
	if s.Lateness() != 2*time.Millisecond || s.Service() != 7*time.Millisecond || s.Response() != s.Lateness()+s.Service() {
		t.Errorf("got lateness %v, service %v, response %v", s.Lateness(), s.Service(), s.Response())
	}
}

func TestEveryEndHasAName(t *testing.T) {
	seen := map[string]bool{}
	for e := load.Approved; e <= load.Broken; e++ {
		seen[e.String()] = true
	}
	if len(seen) != 5 || seen[load.End(200).String()] {
		t.Errorf("got names %v", seen)
	}
}
