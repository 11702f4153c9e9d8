package campaign

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Retold is one chain of a workload, carried out alone by its till and its card with everything remembered.
type Retold struct {
	load.Chain
	Orders     []rig.Served // by leg; one that did not fall due is not there
	Events     []trace.Event
	Statements int // about the money, held against one another; 0 where the host's books cannot be looked into
	Breaks     []audit.Break
}

// Retell carries one chain out at the rig's host, by a whole terminal whatever the workload has.
func Retell(ctx context.Context, r *rig.Rig, w *load.Workload, number uint64) (*Retold, error) {
	c := &Retold{Chain: w.Chain(number)}
	plan := w.Fleet()
	plan.Tills, plan.Cards, plan.Lag, plan.Traced = 1, 1, 0, true
	plan.TillOf, plan.CardOf = func(int) int { return c.Chain.Till }, func(int) int { return c.Chain.Card }
	fleet, err := r.Fleet(ctx, plan)
	if err != nil {
		return nil, fmt.Errorf("chain %d: %w", number, err)
	}
	defer fleet.Close()
	switch signed, err := fleet.SignIn(ctx); {
	case err != nil:
		return nil, fmt.Errorf("chain %d: sign-in: %w", number, err)
	case signed == 0:
		return nil, fmt.Errorf("chain %d: its till could not sign in: does the host know it and its keys?", number)
	}
	before, err := fleet.Events(ctx)
	if err != nil {
		return nil, err
	}
	fleet.Start(fleet.Now())
	fleet.Begin(&rig.Visit{Due: rig.AtOnce, Legs: c.Visit(), Told: func(_ int, o rig.Served) { c.Orders = append(c.Orders, o) }})
	if err := fleet.Rest(ctx); err != nil {
		return nil, fmt.Errorf("chain %d: %w", number, err)
	}
	if c.Events, err = fleet.Events(ctx); err != nil {
		return nil, err
	}
	c.Events = c.Events[len(before):]
	if _, sees := fleet.Control(); !sees {
		return c, nil
	}
	statements, err := fleet.Statements(ctx)
	c.Statements, c.Breaks = len(statements), audit.Judge(slices.Values(statements))
	return c, err
}

// Story tells it, with the words that a story has.
func (c *Retold) Story(words func(id string, args ...string) string) *reports.Story {
	var legs []string
	for _, l := range c.Part.Legs {
		legs = append(legs, string(l.Flow))
	}
	chapter := reports.Chapter{Name: "chain", Events: c.Events, Statements: c.Statements}
	for _, b := range c.Breaks {
		chapter.Breaks = append(chapter.Breaks, reports.Break{Rule: b.Rule, Text: b.Text})
	}
	own := map[string]string{"chain title": fmt.Sprintf("Chain %d: %s", c.Number, strings.Join(legs, ", ")),
		"chain opening": "The till has signed in. This is all that was recorded of the chain, which is alone at the host."}
	return &reports.Story{Chapters: []reports.Chapter{chapter}, Words: func(id string, args ...string) string {
		if text, ok := own[id]; ok {
			return text
		}
		return words(id, args...)
	}}
}
