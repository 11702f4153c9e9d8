// Foreign is three hosts that share nothing with tillproof but Go itself, each with a dialect of its own.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("say which host, and where it listens: foreign ascii|inclusive|packed 127.0.0.1:8583")
	}
	kind, ok := lines[os.Args[1]]
	if !ok {
		return fmt.Errorf("%q is none of ascii, inclusive and packed", os.Args[1])
	}
	l, err := net.Listen("tcp", os.Args[2])
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	h := newHost(kind)
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go h.serve(conn)
	}
}
