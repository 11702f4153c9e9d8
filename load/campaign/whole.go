package campaign

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/load"
)

// wholeCrew is whole terminals.
type wholeCrew struct{ *load.Whole }

// seatWhole seats the tills and has them sign in.
func (r *campaign) seatWhole(ctx context.Context) (wholeCrew, error) {
	r.say("seating %d tills with %d cards", r.Workload.Tills, r.Workload.Cards)
	begin := r.Now()
	w, err := load.NewWhole(ctx, r.Rig, r.Workload, r.desk, 1)
	if err != nil {
		return wholeCrew{}, err
	}
	r.say("%d tills signed in within %s", r.Workload.Tills, r.Now().Sub(begin).Round(time.Millisecond))
	return wholeCrew{w}, nil
}

// PerWrite implements crew: each till writes for itself.
func (c wholeCrew) PerWrite() float64 { return 1 }

// Terminal implements crew.
func (c wholeCrew) Terminal(number uint32) string {
	return terminalName(number)
}
