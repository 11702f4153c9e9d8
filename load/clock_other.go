//go:build !linux

package load

import "time"

// RealClock is the machine's monotonic clock since a moment.
type RealClock struct{ Began time.Time }

// Now gives the time since the moment.
func (c RealClock) Now() time.Duration { return time.Since(c.Began) }

// Wait waits for about so long.
func (c RealClock) Wait(d time.Duration) { <-time.NewTimer(d).C }
