package load

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes a run's summary for a person at a terminal.
func WriteText(w io.Writer, s *Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %d orders in %s", s.Workload, s.Total.Due, shortTime(s.Took))
	if s.Profile != "" {
		fmt.Fprintf(&b, " at %s (%s)", s.Profile, s.Dialect)
	}
	fmt.Fprintf(&b, ", seed %d\n", s.Seed)
	if s.Aborted != "" {
		fmt.Fprintf(&b, "ended early: %s\n", s.Aborted)
	}
	writeWorkers(&b, s)
	for _, n := range s.Injected {
		fmt.Fprintf(&b, "injected: %s\n", n.Sentence())
	}
	writeKinds(&b, s)
	fmt.Fprintf(&b, "\napproved %s, declined %s%s, timed out %d, dropped %d, refused %d%s, broken %d; answers late %d, duplicate %d, unmatched %d, malformed %d; taken back %d\n",
		share(s.Total.Approved, s.Total.Due), share(s.Total.Declined, s.Total.Due), inBrackets(s.Total.Declines), s.Total.TimedOut, s.Total.Dropped,
		s.Total.Refused, inBrackets(s.Refusals), s.Total.Broken,
		s.Late, s.Duplicate, s.Unmatched, s.Malformed, s.Reversed)
	if c := s.Connected; c != nil {
		fmt.Fprintf(&b, "connected %d times, sign-ins before the start among them, at most %.0f a second: %s (p50 / p99 / p99.9 / max)\n", c.Count, s.mostConnected(), timesText(*c))
	}
	if t := s.Switch; t != nil {
		fmt.Fprintf(&b, "the switch's own time, service less what our issuer took, over %d orders: %s (p50 / p99 / p99.9 / max)\n", t.Count, timesText(*t))
	}
	if s.Replayed != nil {
		fmt.Fprintf(&b, "%s\n", s.Replayed.Sentence())
		for _, e := range s.Replayed.Examples {
			fmt.Fprintf(&b, "  first %s\n", e)
		}
	}
	fmt.Fprintf(&b, "own lateness p50 %s, p99 %s, max %s\n", shortTime(s.Total.OwnLateness.P50), shortTime(s.Total.OwnLateness.P99), shortTime(s.Total.OwnLateness.Max))
	if s.Reached != "" {
		fmt.Fprintf(&b, "%s\n", s.Reached)
	}
	fmt.Fprintf(&b, "%s\n\n", s.Limit.Sentence())
	for _, v := range s.Thresholds {
		fmt.Fprintf(&b, "  %s\n", v)
	}
	for _, c := range s.Checks {
		if !c.Held {
			fmt.Fprintf(&b, "  doubtful: %s: %s\n", c.Name, c.Says)
		}
	}
	fmt.Fprintf(&b, "money: %s\n", s.Money)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeWorkers(b *strings.Builder, s *Summary) {
	for _, w := range s.Workers {
		fmt.Fprintf(b, "worker %s, %d tills: %d of %d orders", w.Name, w.Tills, w.Delivered, w.Planned)
		if w.Lost != "" {
			fmt.Fprintf(b, "; LOST: %s; it delivered until %s, and %d orders are unaccounted for", w.Lost, w.Until, w.Planned-min(w.Planned, w.Delivered))
		}
		b.WriteString("\n")
	}
	if d := s.Degraded(); d != "" {
		fmt.Fprintf(b, "%s\n", d)
	}
}

func writeKinds(b *strings.Builder, s *Summary) {
	fmt.Fprintf(b, "\n  %-22s %9s %9s   %-36s   %-36s\n", "", "orders", "approved", "response p50 / p99 / p99.9 / max", "service p50 / p99 / p99.9 / max")
	for _, f := range s.Lines() {
		fmt.Fprintf(b, "  %-22s %9d %9s   %-36s   %-36s\n", f.Name, f.Due, share(f.Approved, f.Due), timesText(f.Response), timesText(f.Service))
	}
}

func timesText(t Times) string {
	return strings.Join([]string{shortTime(t.P50), shortTime(t.P99), shortTime(t.P999), shortTime(t.Max)}, " / ")
}

// inBrackets tells how often what came, the most frequent first; nothing where nothing did.
func inBrackets[N int | uint64](counts map[string]N) string {
	var parts []string
	for _, c := range byCount(counts) {
		parts = append(parts, fmt.Sprintf("%s×%d", c.Name, c.Count))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
