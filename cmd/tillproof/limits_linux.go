package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/tillproof/tillproof/load"
)

// machineLimits tells what a load run may use up on this machine.
func machineLimits(patience time.Duration) load.Limits {
	l := load.Limits{Patience: patience, Linger: time.Minute} // TIME_WAIT
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		l.Files = files.Cur
	}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var from, to int
		if _, err := fmt.Sscan(string(text), &from, &to); err == nil {
			l.Ports = to - from + 1
		}
	}
	return l
}
