package rig

import (
	"context"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

// Shared is a host that fleets in several processes stand at.
type Shared struct{ world *World }

// Share makes a world that fleets of other processes join by the option World; of a remote host there is only one. Close it.
func (r *Rig) Share(ctx context.Context, seed sim.Seed) (*Shared, error) {
	w := r.newWorld(ctx, seed, LineSocket)
	w.lean = true
	if err := w.seat(); err != nil {
		w.Close()
		return nil, err
	}
	return &Shared{w}, nil
}

// Place tells where others join: a control door and a world behind it; both are "" of a remote host.
func (s *Shared) Place() (control, world string) {
	if seat, ok := s.world.seats.(*servedSeat); ok {
		return s.world.Rig.options.Control, seat.door.world[len("/worlds/"):]
	}
	return "", ""
}

// Control is the way into the host, if its seat has one.
func (s *Shared) Control() (Control, bool) { return s.world.Control() }

// Close ends the world.
func (s *Shared) Close() { s.world.Close() }
