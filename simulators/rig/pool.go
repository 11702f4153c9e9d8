package rig

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/fixtures"
)

// ProfileSet is more terminals for the same labels, and perhaps cards: what a scenario needs that runs beside the others at a host without worlds.
type ProfileSet struct {
	Terminals []ProfileTerminal `yaml:"terminals"`
	Cards     []ProfileCard     `yaml:"cards"`
}

// Sets tells how many scenarios may run at once: each has terminals of its own.
func (p *Profile) Sets() int { return 1 + len(p.Pool) }

// checkPool holds each entry against the terminals and cards that it stands in for.
func (p *Profile) checkPool() (all []error) {
	if len(p.Pool) > 0 && !p.Lends() {
		return []error{p.mistake("$.pool", "only a remote host and a switch lend their terminals to scenarios")}
	}
	for i, set := range p.Pool {
		at := fmt.Sprintf("$.pool[%d]", i)
		for j, t := range set.Terminals {
			where := fmt.Sprintf("%s.terminals[%d]", at, j)
			all = append(all, p.checkTerminal(where, t))
			if p.lists(t.Number) != 1 {
				all = append(all, p.mistake(where, "another terminal has this number"))
			}
		}
		for _, own := range p.Terminals {
			if n := count(set.Terminals, func(t ProfileTerminal) bool { return t.Label == own.Label }); n != 1 || len(set.Terminals) != len(p.Terminals) {
				all = append(all, p.mistake(at, "want one terminal for each of the labels %v", labels(p)))
				break
			}
		}
		for j, c := range set.Cards {
			where := fmt.Sprintf("%s.cards[%d]", at, j)
			all = append(all, p.checkCard(where, c))
			if !slices.ContainsFunc(p.Cards, func(own ProfileCard) bool { return own.Name == c.Name }) {
				all = append(all, p.mistake(where, "%q is no card of this profile: a pool has the same people", c.Name))
			}
		}
	}
	return all
}

func count[T any](list []T, is func(T) bool) (n int) {
	for _, t := range list {
		if is(t) {
			n++
		}
	}
	return n
}

// lists counts the terminals of the profile that have a number, the pool's among them.
func (p *Profile) lists(number string) int {
	is := func(t ProfileTerminal) bool { return t.Number == number }
	n := count(p.Terminals, is)
	for _, set := range p.Pool {
		n += count(set.Terminals, is)
	}
	return n
}

// lent is a set of terminals and cards that a scenario has to itself.
type lent struct {
	profile *Profile
	cast    *Cast
	name    string // behind the names of cardholders in the state file; "" for the first
}

// lendSets makes the sets of a profile that has a pool.
func (r *Rig) lendSets() error {
	if len(r.Profile.Pool) == 0 {
		return nil
	}
	r.sets = make(chan lent, r.Profile.Sets())
	r.sets <- lent{r.Profile, r.Cast, ""}
	for i, set := range r.Profile.Pool {
		own := *r.Profile
		own.Terminals, own.Pool = set.Terminals, append(slices.Clone(own.Pool), ProfileSet{Terminals: r.Profile.Terminals})
		l := lent{profile: &own, name: fmt.Sprintf("#%d", i+2)}
		if len(set.Cards) > 0 {
			own.Cards = slices.Clone(r.Profile.Cards)
			for j, c := range own.Cards {
				if k := slices.IndexFunc(set.Cards, func(s ProfileCard) bool { return s.Name == c.Name }); k >= 0 {
					own.Cards[j] = set.Cards[k]
				}
			}
		} else {
			l.name = "" // the chips count on together
		}
		var err error
		if l.cast, err = LoadCast(fixtures.FS); err == nil {
			err = l.cast.bind(&own)
		}
		if err != nil {
			return err
		}
		r.sets <- l
	}
	return nil
}

// borrow gives a rig with the terminals of a set that no other scenario has, and waits for one.
func (r *Rig) borrow(ctx context.Context, line string) (own *Rig, giveBack func(), err error) {
	if r.sets == nil || line == LineMemory || line == "" && r.options.Line == LineMemory {
		return r, func() {}, nil
	}
	select {
	case l := <-r.sets:
		own := *r
		own.Profile, own.Cast, own.set = l.profile, l.cast, l.name
		return &own, func() { r.sets <- l }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}
