package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/rig"
)

// serveFlags are the flags of `tillproof serve`.
type serveFlags struct {
	profile string
	listen  string
	control string
	wallets string
	office  string
	store   string
	script  string
	defects []string
	seed    uint64
	quiet   bool
}

func serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the reference acquirer to tills in other processes",
		Long: "Serve the reference acquirer: a payment line (TCP) for tills, and a control door (HTTP, JSON) to make worlds, seed\n" +
			"accounts and terminals, arm defects, and read history and balances. GET /openapi.yaml at the door describes it.\n" +
			"The world \"standing\" has the whole cast in it, or the terminals, keys and cards of the profile.\n\n" +
			"It runs until it is told to stop (Ctrl-C, SIGTERM), and then ends with exit code 0; 2 says that it could not start.",
		Example: "  tillproof serve\n  tillproof serve --store /var/tmp/acquirer --defect acquirer-skips-mac\n  tillproof serve --store postgres://me@127.0.0.1/books\n  tillproof serve --issuer-script fixtures/issuers/lunch-outage.yaml\n  tillproof serve --wallets 127.0.0.1:8585\n  tillproof serve --office 127.0.0.1:8586\n  tillproof run --control 127.0.0.1:8584",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(200) // a tenth less of a CPU for a sale than by 100, for at most three times the books in memory
			}
			return f.serve(cmd.Context(), os.Stdout)
		},
	}
	c.Flags().StringVar(&f.profile, "profile", rig.DefaultProfile, "profile with the dialect, and the terminals, keys and cards of the standing world: a shipped name or a file")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8583", "address of the payment line")
	c.Flags().StringVar(&f.control, "control", "127.0.0.1:8584", "address of the control door, on loopback")
	c.Flags().StringVar(&f.wallets, "wallets", "", "serve the wallet hosts (payer codes, merchant codes) over HTTP at this address, on loopback")
	c.Flags().StringVar(&f.office, "office", "", "serve the acquirer's office for merchants (fees, statements, payouts) over HTTP at this address, on loopback")
	c.Flags().StringVar(&f.store, "store", "", "keeps the standing world from one start to the next: a directory, or postgres://user@host/database (default: in memory); with lossy: before it, a directory loses what was not synced when the process is killed, with careless: nothing is synced")
	c.Flags().StringVar(&f.script, "issuer-script", "", "YAML file that says how the standing world's issuer behaves from the start on: latency, answers lost, outages")
	c.Flags().StringArrayVar(&f.defects, "defect", nil, "arm a defect of acquirer, issuer, wallets or office in the standing world")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the standing world's keys; a store wants the one that it was made with")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "say where the doors are and nothing of what happens, and remember no events of the standing world: for load")
	return c
}

// serve runs the server until the context ends, which is how it should end.
func (f *serveFlags) serve(ctx context.Context, out io.Writer) error {
	profile, err := rig.LoadProfileIn(os.LookupEnv, f.profile)
	if err != nil {
		return err
	}
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, Defects: f.defects})
	if err != nil {
		return err
	}
	var script *rig.IssuerScript
	if f.script != "" {
		if script, err = rig.LoadIssuerScript(f.script); err != nil {
			return err
		}
	}
	log := newEventLog(out)
	defer log.close()
	o := rig.ServeOptions{Rig: r, Listen: f.listen, Control: f.control, Wallets: f.wallets, Office: f.office, Store: f.store, Script: script, Seed: sim.Seed(f.seed), Watch: log.event}
	if f.quiet {
		o.Watch, o.Lean = nil, true
	}
	s, err := rig.Serve(ctx, o)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	line, door := s.Addresses()
	log.print("payment line %s, dialect %s\ncontrol door http://%s\n  curl http://%s/openapi.yaml\n  curl --json '{\"seed\": 1}' http://%s/worlds\n",
		line, r.Dialect.Name, door, door, door)
	if at := s.WalletAddress(); at != "" {
		log.print("wallets http://%s/wechat/v1/ (also alipay, guomi)\n  curl http://%s/openapi.yaml\n", at, at)
	}
	if at := s.OfficeAddress(); at != "" {
		log.print("office http://%s/v1/\n  curl http://%s/openapi.yaml\n", at, at)
	}
	<-ctx.Done()
	s.Close()
	log.print("stopped\n")
	return nil
}

// eventLog writes a line for each event that tells something. Worlds report from their own goroutines and never wait for a
// slow reader of the log: lines that find no room are dropped and counted.
type eventLog struct {
	lines   chan string
	dropped atomic.Int64
	done    chan struct{}
}

// logRoom is how many lines may wait for the reader.
const logRoom = 4096

func newEventLog(out io.Writer) *eventLog {
	l := &eventLog{lines: make(chan string, logRoom), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for line := range l.lines {
			if n := l.dropped.Swap(0); n > 0 {
				line = fmt.Sprintf("(%d lines of this log were dropped: nobody read it)\n%s", n, line)
			}
			_, _ = io.WriteString(out, line) // with nobody left to read there is nothing to be done
		}
	}()
	return l
}

func (l *eventLog) event(world string, e trace.Event) {
	switch e.Kind {
	case trace.Decided:
		answer := ""
		if len(e.Fields) > 0 {
			answer = e.Fields[0].Value + " "
		}
		l.print("%s world %s %s: %s%s: %s\n", e.At.Format("15:04:05.000"), world, e.Party, answer, e.Name, e.Text)
	case trace.Moved, trace.Trouble, trace.Noted:
		l.print("%s world %s %s: %s %s: %s\n", e.At.Format("15:04:05.000"), world, e.Party, e.Kind, e.Name, e.Text)
	}
}

func (l *eventLog) print(format string, args ...any) {
	select {
	case l.lines <- fmt.Sprintf(format, args...):
	default:
		l.dropped.Add(1)
	}
}

// close writes what is left, unless nobody reads it for a second. No world may report any more.
func (l *eventLog) close() {
	close(l.lines)
	select {
	case <-l.done:
	case <-time.After(time.Second):
	}
}
