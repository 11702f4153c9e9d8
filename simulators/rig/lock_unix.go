//go:build linux || darwin

package rig

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// stillOpen looks for the end of a connection, without taking a byte from it.
func stillOpen(fd uintptr) bool {
	n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0 || errors.Is(err, syscall.EAGAIN)
}

// lock keeps a state file from two runs at once: both would use the same trace numbers. It is the process's (POSIX record locks), and
// goes when that ends, however it ends.
func lock(state string) (io.Closer, error) {
	f, err := os.OpenFile(state+".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	want := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &want); err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAGAIN) {
		holder := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
		_ = syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &holder) // without it the number is 0
		err = fmt.Errorf("another run (process %d) uses it, and both would take the same trace numbers: wait for its end", holder.Pid)
	}
	return nil, errors.Join(fmt.Errorf("state file %s: %w", state, err), f.Close())
}
