//go:build !linux && !darwin

package rig

import "io"

// stillOpen believes so: a till finds out.
func stillOpen(uintptr) bool { return true }

// lock does nothing here: two runs at once are the user's to avoid.
func lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
