package main

import "syscall"

// apart keeps Ctrl-C at the terminal from the child, which is still needed for the report, and has it end when we are gone.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
