package steps

import (
	"context"
	"maps"
	"slices"
)

// maxPlays bounds how often a day is played to make it smaller.
const maxPlays = 800

// shrinking makes a day that goes wrong smaller while it still goes wrong, however: one defect may show in several ways, and the
// shortest is the best.
type shrinking struct {
	*search
	ctx   context.Context
	best  *player
	plays int
}

// small makes a day small, and tells it.
func (s *search) small(ctx context.Context, l *lived) (*Counterexample, error) {
	c := &Counterexample{Day: l.number, Seed: uint64(s.Seed), Was: len(l.player.acts), Finding: *l.player.found}
	k := &shrinking{search: s, ctx: ctx}
	if k.try(l.player.day) {
		k.drop()
		k.simplify()
		k.drop()
		c.Finding = *k.best.found
	} else { // it goes wrong only with everything that was there
		k.best = l.player
	}
	c.Acts, c.Plays = len(k.best.acts), k.plays
	var err error
	c.Feature, c.Fails, err = s.feature(ctx, c, k.best)
	return c, err
}

// try plays a day; one that still goes wrong is the best so far.
func (k *shrinking) try(d day) bool {
	if k.plays >= maxPlays || k.ctx.Err() != nil {
		return false
	}
	k.plays++
	p, err := k.play(k.ctx, k.Rig, d, (*player).again)
	if err != nil || p.found == nil {
		return false
	}
	k.best = p
	return true
}

// drop leaves out acts: halves, quarters and so on, then one by one until none can be spared.
func (k *shrinking) drop() {
	for size := len(k.best.acts); size > 0; {
		dropped := false
		for i := len(k.best.acts) - size; i >= 0; i -= size {
			d := k.best.day
			d.acts = slices.Delete(slices.Clone(d.acts), i, i+size)
			dropped = k.try(d) || dropped
			i = min(i, len(k.best.acts))
		}
		if size == 1 && dropped {
			continue
		}
		size /= 2
	}
}

// simplify leaves out what goes wrong where nothing need go wrong, lowers amounts, and has all happen at one till.
func (k *shrinking) simplify() {
	k.plain()
	k.change(func(a *act) bool { a.till = "T1"; return a.till != "" })
	for i := 0; i < len(k.best.acts); i++ {
		for w := len(k.best.acts[i].wrongs) - 1; w >= 0; w-- {
			k.edit(i, func(a *act) bool { a.wrongs = slices.Delete(slices.Clone(a.wrongs), w, w+1); return true })
		}
		k.edit(i, func(a *act) bool { was := a.till; a.till = "T1"; return was != "" && was != "T1" })
		k.edit(i, func(a *act) bool {
			was := a.who
			a.who, a.pin = "Bob", ""
			return was != "" && was != "Bob" && a.on == 0 && a.deed != "chip"
		})
		for _, minor := range []int64{1000, 10000} {
			if k.edit(i, func(a *act) bool { was := a.minor; a.minor = minor; return was > minor }) {
				break
			}
		}
	}
}

// edit tries a change of one act.
func (k *shrinking) edit(i int, change func(*act) bool) bool {
	d := k.best.day
	d.acts = slices.Clone(d.acts)
	return change(&d.acts[i]) && k.try(d)
}

// change tries a change of all acts at once.
func (k *shrinking) change(change func(*act) bool) {
	d := k.best.day
	d.acts = slices.Clone(d.acts)
	any := false
	for i := range d.acts {
		if d.acts[i].till != "" {
			any = change(&d.acts[i]) || any
		}
	}
	if any {
		k.try(d)
	}
}

// plain leaves out what makes the day differ from others.
func (k *shrinking) plain() {
	for _, without := range []func(*day){
		func(d *day) { d.wide = wide{} }, func(d *day) { d.pads = false }, func(d *day) { d.copied = false }, func(d *day) { d.wide.speaks = "" },
		func(d *day) { d.wide.begins = "" }, func(d *day) { d.wide.batch = "" }, func(d *day) { d.wide.trace = 0 }, func(d *day) { d.wide.skewed = "" },
	} {
		d := k.best.day
		without(&d)
		k.try(d)
	}
	for _, name := range slices.Sorted(maps.Keys(k.best.agreed)) {
		d := k.best.day
		d.agreed = maps.Clone(d.agreed)
		delete(d.agreed, name)
		k.try(d)
	}
	for _, name := range slices.Sorted(maps.Keys(k.best.wide.differs)) {
		d := k.best.day
		d.wide.differs = maps.Clone(d.wide.differs)
		delete(d.wide.differs, name)
		k.try(d)
	}
}
