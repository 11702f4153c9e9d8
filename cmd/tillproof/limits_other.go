//go:build !linux

package main

import (
	"time"

	"github.com/tillproof/tillproof/load"
)

// machineLimits tells what a load run may use up on this machine.
func machineLimits(patience time.Duration) load.Limits { return load.Limits{Patience: patience} }
