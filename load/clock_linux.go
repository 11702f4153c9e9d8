package load

import (
	"syscall"
	"time"
)

// RealClock is the machine's monotonic clock since a moment.
type RealClock struct{ Began time.Time }

// Now gives the time since the moment.
func (c RealClock) Now() time.Duration { return time.Since(c.Began) }

// Wait sleeps by the kernel's clock, since a Go timer wakes a millisecond late. It is for a thread that is locked.
func (c RealClock) Wait(d time.Duration) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, 1, 0) // at worst the thread wakes 50 µs late
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // a signal only makes the next turn come earlier
}
