// Foreign is four hosts, and a switch between tills and an issuer, that share nothing with tillproof but Go itself, each with a dialect of its own.
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// lineCount is how many lines a host that calls holds open.
const lineCount = 4

// call keeps its lines to those whom it calls, whoever hangs up, for ever.
func (h *host) call(whom string) {
	for range lineCount {
		go func() {
			for {
				if conn, err := net.Dial("tcp", whom); err == nil {
					h.serve(conn)
				} else {
					<-time.After(50 * time.Millisecond) // nobody is there yet
				}
			}
		}()
	}
	select {}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run() error {
	if len(os.Args) >= 4 && os.Args[1] == "switch" {
		return passOn(os.Args[2], os.Args[3], strings.Join(os.Args[4:], ""))
	}
	if len(os.Args) != 3 {
		return fmt.Errorf("say which host, and where it listens or whom it calls: foreign ascii|dukpt|inclusive|packed 127.0.0.1:8583, or call:127.0.0.1:8583; or switch, where it listens, call: and the issuer or where that dials in, and what it does wrong")
	}
	kind, ok := lines[os.Args[1]]
	if !ok {
		return fmt.Errorf("%q is none of ascii, dukpt, inclusive and packed", os.Args[1])
	}
	h := newHost(kind)
	if whom, calls := strings.CutPrefix(os.Args[2], "call:"); calls {
		fmt.Println(whom)
		h.call(whom)
	}
	l, err := net.Listen("tcp", os.Args[2])
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return each(l, h.serve)
}

// each serves whoever dials in.
func each(l net.Listener, serve func(net.Conn)) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(conn)
	}
}

// passOn is the switch. Where the issuer dials in, the place is told behind that of the tills.
func passOn(at, issuer, defect string) error {
	x := newExchange(defect)
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	if whom, calls := strings.CutPrefix(issuer, "call:"); calls {
		go x.reach(whom, nil)
		fmt.Println(l.Addr())
		return each(l, x.serve)
	}
	door, err := net.Listen("tcp", issuer)
	if err != nil {
		return err
	}
	go x.reach("", door)
	fmt.Println(l.Addr(), door.Addr())
	return each(l, x.serve)
}
