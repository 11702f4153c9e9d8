package campaign

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/audit"
)

// wholeCrew is whole terminals.
type wholeCrew struct{ *load.Whole }

// seatWhole seats the tills and has them sign in.
func (r *campaign) seatWhole(ctx context.Context) (crew, error) {
	r.say("seating %d tills with %d cards", r.Workload.Tills, r.Workload.Cards)
	begin := r.Now()
	w, err := load.NewWhole(ctx, r.Rig, r.Workload, r.desk, 1)
	if err != nil {
		return nil, err
	}
	r.say("%d tills signed in within %s", r.Workload.Tills, r.Now().Sub(begin).Round(time.Millisecond))
	return wholeCrew{w}, nil
}

// Audit implements crew.
func (c wholeCrew) Audit(ctx context.Context) ([]audit.Break, bool, error) {
	if !c.Sees() {
		return nil, false, nil
	}
	breaks, err := c.Verify(ctx)
	return breaks, true, err
}

// PerWrite implements crew: each till writes for itself.
func (c wholeCrew) PerWrite() float64 { return 1 }

// Terminal implements crew.
func (c wholeCrew) Terminal(number uint32) string {
	return fmt.Sprintf("%08s", strconv.FormatUint(uint64(number), 10))
}
