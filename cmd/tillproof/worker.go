package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/workers"
	"github.com/tillproof/tillproof/simulators/rig"
)

// workerFlags are those flags of `tillproof load` that spread it over workers.
type workerFlags struct {
	url    string
	expect int
	wait   time.Duration
	clear  bool
}

func (f *workerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "workers", "", "have workers carry the orders out, which join at this NATS URL, such as nats://127.0.0.1:4222: a server that answers there, or else one in this process")
	c.Flags().IntVar(&f.expect, "expect", 2, "how many --workers to wait for")
	c.Flags().DurationVar(&f.wait, "wait", 2*time.Minute, "how long to wait for --workers")
	c.Flags().BoolVar(&f.clear, "workers-in-clear", false, "let the server of --workers listen beyond this machine without TLS: figures, terminal numbers and the token can be read on the way")
}

// fits tells, before anything is started, whether the run can be spread.
func (f *workerFlags) fits(w *load.Workload, findMax bool) error {
	switch {
	case f.url == "":
		return nil
	case findMax:
		return errors.New("load: --find-max does not go with --workers: look for the highest rate from one machine")
	}
	_, err := w.Share(0, f.expect)
	return err
}

func (f *workerFlags) team(r *rig.Rig) (*workers.Team, error) {
	return workers.New(workers.Config{URL: f.url, Clear: f.clear, Expect: f.expect, Wait: f.wait, Rig: r, Version: version(),
		Join: func(url string) { fmt.Fprintf(os.Stderr, "workers join with: tillproof worker --join %s\n", url) }})
}

func workerCommand() *cobra.Command {
	var url, name, profile string
	var wait time.Duration
	c := &cobra.Command{
		Use:   "worker",
		Short: "Carry out a part of a load run that another process coordinates",
		Long: "Carry out a part of a load run that `tillproof load --workers` coordinates: some of its tills, each with its cards.\n" +
			"The coordinator prints the line to join by. Keys do not travel: a run against a profile wants the same --profile here.\n" +
			"The reference acquirer that the coordinator starts is reached on its machine only.\n" +
			"A NATS server with TLS must have a certificate that this machine trusts; on Linux, SSL_CERT_FILE names a file of authorities.\n\n" +
			"Exit codes: 0 the coordinator has all, 2 the harness or its configuration is broken,\n" +
			"130 interrupted (what was done is delivered).",
		Example: "  tillproof worker --join nats://TOKEN@127.0.0.1:4222\n  tillproof worker --join tls://USER:PASSWORD@load.example:4222 --profile my-host.yaml --name left",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				return errors.New("worker: join whom? Give the --join URL that `tillproof load --workers` printed")
			}
			p, err := rig.LoadProfileIn(os.LookupEnv, profile)
			if err != nil {
				return err
			}
			if name == "" {
				host, _ := os.Hostname() // without one the process must do
				name = fmt.Sprintf("%s-%d", host, os.Getpid())
			}
			return workers.Work(cmd.Context(), workers.Worker{URL: url, Name: name, Wait: wait, Profile: p, Version: version(), Live: os.Stderr,
				Rig: func(control, world string, part int) (*rig.Rig, error) {
					return rig.New(rig.Options{Profile: p, Line: rig.LineSocket, Control: control, World: world, State: filepath.Join("runs", fmt.Sprintf("%s-%d.state.json", p.Name, part))})
				}})
		},
	}
	c.Flags().StringVar(&url, "join", "", "NATS URL of the coordinator, with its token")
	c.Flags().StringVar(&name, "name", "", "what reports call this worker (default: machine and process)")
	c.Flags().StringVar(&profile, "profile", rig.DefaultProfile, "profile of the host under test, the coordinator's: a shipped name or a file")
	c.Flags().DurationVar(&wait, "wait", 2*time.Minute, "how long to wait for the coordinator")
	return c
}
