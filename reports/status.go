package reports

import "fmt"

// Status is a verdict. Broken is the worst and Passed the best; a parent takes the worst of its children. The zero Status
// is Broken: a verdict that nobody gave is the harness's fault, never a pass.
type Status uint8

// The verdicts, worst first.
const (
	Broken  Status = iota // the harness or its configuration is wrong; nothing is known about the system under test
	Failed                // the system under test is wrong
	Review                // a person has yet to judge
	Skipped               // it was not run, for a stated reason
	Passed
)

func statusNames() [5]string { return [...]string{"broken", "failed", "review", "skipped", "passed"} }

// String gives the verdict's name in lower case.
func (s Status) String() string {
	if s > Passed {
		return fmt.Sprintf("status %d", uint8(s))
	}
	return statusNames()[s]
}

// MarshalText writes String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(b []byte) error {
	for i, name := range statusNames() {
		if name == string(b) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("status %q: want one of %v", b, statusNames())
}

// Worst gives the worst of some verdicts. Of none it gives Skipped: nothing was shown.
func Worst(statuses ...Status) Status {
	if len(statuses) == 0 {
		return Skipped
	}
	worst := Passed
	for _, s := range statuses {
		worst = min(worst, s)
	}
	return worst
}
