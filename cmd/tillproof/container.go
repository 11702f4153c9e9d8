package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/simulators/rig"
)

// hostLog is the file in a run's folder that keeps what the host's container printed.
const hostLog = "host.log"

// seat starts the container of a profile that has one, and gives the profile that reaches it; what it prints goes to host.log in the run's
// directory. Other profiles come back as they are. remove takes the container away.
func seat(ctx context.Context, profile *rig.Profile, dir string) (seated *rig.Profile, remove func(), err error) {
	if profile.Seat != rig.SeatContainer {
		return profile, func() {}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	log, err := os.Create(filepath.Join(dir, hostLog))
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "starting a container of %s\n", profile.Container.Image)
	c, err := rig.StartContainer(ctx, profile, log)
	if err != nil {
		_ = log.Close()
		return nil, nil, err
	}
	return c.Profile, func() {
		if err := c.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "tillproof:", err)
		}
		_ = log.Close()
	}, nil
}
