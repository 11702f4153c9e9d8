package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

func robotCommand() *cobra.Command {
	var profile, listen string
	var defects []string
	c := &cobra.Command{
		Use:   "robot",
		Short: "Put our own terminal in the place of a terminal under test",
		Long: "Do with our own terminal what is asked over HTTP, as a robot at somebody else's terminal would: a profile with `seat: terminal` and\n" +
			"`prompt: {robot: URL}` has `tillproof run` send each thing that is to be done, or looked at, as JSON (scenario, kind, step, text,\n" +
			"table, till, terminal), and wait for {\"answer\": \"yes\"}, \"no\" or \"skip\", with a text. This one knows all sentences of the features.\n\n" +
			"The profile is that of a remote host: the address at which `tillproof run` waits for the terminal.\n\n" +
			"It runs until it is told to stop (Ctrl-C, SIGTERM), and then ends with exit code 0; 2 says that it could not start.",
		Example: "  tillproof robot --profile loopback-remote\n  tillproof run --profile loopback-terminal features/swipe",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return robot(cmd, profile, listen, defects)
		},
	}
	c.Flags().StringVar(&profile, "profile", "loopback-remote", "profile of a remote host: where `tillproof run` waits, with the terminal's keys and the cards")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8601", "address at which it is told what to do, on loopback")
	c.Flags().StringArrayVar(&defects, "defect", nil, "arm a defect of terminals: the terminal under test is then wrong")
	return c
}

func robot(cmd *cobra.Command, name, listen string, defects []string) error {
	profile, err := rig.LoadProfileIn(os.LookupEnv, name)
	if err != nil {
		return err
	}
	if profile.Seat != rig.SeatRemote {
		return fmt.Errorf("profile %s: seat %s: want that of a remote host, which is where our terminal calls", name, profile.Seat)
	}
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, Defects: defects})
	if err != nil {
		return err
	}
	defer r.Close()
	robot, err := steps.NewRobot(cmd.Context(), r, sim.Seed(1))
	if err != nil {
		return err
	}
	defer robot.Close()
	l, err := loopback(listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: robot, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(cmd.Context(), func() { _ = server.Close() })
	fmt.Fprintf(cmd.OutOrStdout(), "robot at http://%s/, its terminals call %s\n", l.Addr(), profile.Address)
	_ = server.Serve(l) // it ends by Close
	return nil
}

// loopback listens on this machine only.
func loopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen %q: want host:port on loopback", address)
	}
	return net.Listen("tcp", address)
}
