package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Selfcheck proves that the suite can fail: it arms one defect after the other and sees which scenarios notice.
type Selfcheck struct {
	Builtin      fs.FS
	Requirements []Requirement
	Defects      []rig.Defect                          // all that there are
	Only         []string                              // try just these; none: all
	Rig          func(defect string) (*rig.Rig, error) // a rig in memory with the defect armed, "" for none; nil: one of the default profile
	Parallel     int                                   // defects at once; 0: as many as there are processors
	Seed         sim.Seed
	Patience     time.Duration // that a run with a defect may take; 0: 30 s
	Now          func() time.Time

	shared *shared // by all its runs
}

// Matrix is what became of each defect, and where requirements and defects do not know each other.
type Matrix struct {
	Seed      uint64  `json:"seed"`
	Scenarios int     `json:"scenarios"` // of the suite, which all pass without a defect
	Trials    []Trial `json:"defects"`

	Untested []string `json:"requirements_without_a_defect,omitempty"` // no defect is named, or none of those tried breaks it
	Blind    []Claim  `json:"claims_not_kept,omitempty"`               // the named defect was armed and no scenario of the requirement failed
	Unknown  []Claim  `json:"defects_that_do_not_exist,omitempty"`
	Unnamed  []string `json:"defects_that_no_requirement_names,omitempty"`
}

// Claim is a requirement saying that a defect breaks it.
type Claim struct {
	Requirement string `json:"requirement"`
	Defect      string `json:"defect"`
}

// Trial is what became of one defect.
type Trial struct {
	rig.Defect
	Kills     []Kill   `json:"killed_by,omitempty"`           // scenarios of requirements that name the defect, which failed behind their Givens
	Accidents []Kill   `json:"noticed_by_accident,omitempty"` // other scenarios; looked for only when nothing kills it
	Broken    []string `json:"broken,omitempty"`              // scenarios in which the harness got no verdict
	Trouble   string   `json:"trouble,omitempty"`             // why the run did not come to its end
	Took      int64    `json:"took_ms"`
}

// Kill is a scenario that failed.
type Kill struct {
	Scenario     string   `json:"scenario"` // its id
	Where        string   `json:"where"`    // features/security/mac.feature:12
	Name         string   `json:"name"`
	Requirements []string `json:"requirements"` // that it holds; of a killer, those that name the defect
	Reads        string   `json:"reads"`        // the failure in one line
}

// Killed tells that a scenario of a requirement that names the defect has failed.
func (t *Trial) Killed() bool { return len(t.Kills) > 0 }

// Survivors gives the defects that the suite lets live.
func (m *Matrix) Survivors() []Trial {
	return slices.DeleteFunc(slices.Clone(m.Trials), func(t Trial) bool { return t.Killed() })
}

// Run tries the defects. An error means that nothing can be proven: a name that is none, or a suite that fails by itself.
func (c Selfcheck) Run(ctx context.Context) (*Matrix, error) {
	tried, err := c.chosen()
	if err != nil {
		return nil, err
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	if c.Patience <= 0 {
		c.Patience = 30 * time.Second
	}
	if c.shared, err = newShared(c.Builtin); err != nil {
		return nil, err
	}
	if c.Rig == nil {
		if c.Rig, err = arming(); err != nil {
			return nil, err
		}
	}
	m := &Matrix{Seed: uint64(c.Seed), Trials: make([]Trial, len(tried))}
	if m.Scenarios, err = c.honest(ctx); err != nil {
		return nil, err
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, c.Parallel)
	for i, d := range tried {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			m.Trials[i] = c.try(ctx, d)
		})
	}
	wait.Wait()
	c.compare(m)
	return m, ctx.Err()
}

// arming gives rigs in memory that share all but the defect.
func arming() (func(defect string) (*rig.Rig, error), error) {
	honest, err := Armed("")
	return func(defect string) (*rig.Rig, error) {
		if defect == "" {
			return honest, nil
		}
		return honest.With(defect)
	}, err
}

// Armed makes a rig in memory with a defect; "" arms none.
func Armed(defect string) (*rig.Rig, error) {
	if defect == "" {
		return rig.New(rig.Options{Line: rig.LineMemory})
	}
	return rig.New(rig.Options{Line: rig.LineMemory, Defects: []string{defect}})
}

func (c *Selfcheck) chosen() ([]rig.Defect, error) {
	if len(c.Only) == 0 {
		return c.Defects, nil
	}
	var out []rig.Defect
	for _, name := range c.Only {
		i := slices.IndexFunc(c.Defects, func(d rig.Defect) bool { return d.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("defect %q: there is no such defect: see `tillproof selfcheck --list`", name)
		}
		out = append(out, c.Defects[i])
	}
	return out, nil
}

// honest runs the suite without a defect: a scenario that fails then proves nothing later.
func (c *Selfcheck) honest(ctx context.Context) (scenarios int, err error) {
	run, err := c.suite(ctx, Config{Parallel: c.Parallel}, "", max(c.Patience, time.Minute))
	if err != nil {
		return 0, err
	}
	for uri, s := range verdicts(run) {
		scenarios++
		if s.Status != reports.Passed {
			return 0, fmt.Errorf("%s:%d: %q is %s without any defect (%s): mend that first", uri, s.Line, s.Name, s.Status, reads(s))
		}
	}
	return scenarios, nil
}

// try arms a defect and runs the scenarios of the requirements that name it; if none of them fails, the whole suite.
func (c *Selfcheck) try(ctx context.Context, d rig.Defect) (t Trial) {
	begun := c.Now()
	defer func() { t.Took = c.Now().Sub(begun).Milliseconds() }()
	t.Defect = d
	names := c.naming(d.Name)
	if len(names) > 0 {
		t.Kills = c.arm(ctx, &t, "@"+strings.Join(names, " or @"), names)
	}
	if !t.Killed() && t.Trouble == "" {
		t.Accidents = c.arm(ctx, &t, "", nil)
	}
	return t
}

// naming gives the requirements that name a defect.
func (c *Selfcheck) naming(defect string) []string {
	var out []string
	for _, r := range c.Requirements {
		if slices.Contains(r.Defects, defect) {
			out = append(out, r.ID)
		}
	}
	return out
}

// arm runs the scenarios that tags selects and gives those that failed. Of their requirements it keeps the wanted; nil wants all.
func (c *Selfcheck) arm(ctx context.Context, t *Trial, tags string, wanted []string) (kills []Kill) {
	run, err := c.suite(ctx, Config{Tags: tags, Parallel: 1}, t.Name, c.Patience)
	if err != nil {
		t.Trouble = strings.ReplaceAll(err.Error(), "\n", ", ")
	}
	if run == nil {
		return nil
	}
	t.Broken = nil
	for uri, s := range verdicts(run) {
		switch s.Status {
		case reports.Broken:
			t.Broken = append(t.Broken, s.ID)
		case reports.Failed:
			if wanted != nil && strings.HasPrefix(found(s).Where, beforeIt) {
				continue
			}
			kills = append(kills, Kill{s.ID, fmt.Sprintf("%s:%d", uri, s.Line), s.Name, kept(s.Requirements, wanted), reads(s)})
		}
	}
	return kills
}

func kept(all, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return wanted != nil && !slices.Contains(wanted, id) })
}

// suite runs features with a defect, and comes back even if the defect makes honest code hang: that goroutine is left
// behind. What was found until then comes with the error.
func (c *Selfcheck) suite(ctx context.Context, of Config, defect string, patience time.Duration) (*reports.Run, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type ending struct {
		run *reports.Run
		err error
	}
	ended := make(chan ending, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- ending{nil, fmt.Errorf("panic: %v", p)}
			}
		}()
		var e ending
		if of.Rig, e.err = c.Rig(defect); e.err == nil {
			of.Builtin, of.Seed, of.Now, of.shared = c.Builtin, c.Seed, c.Now, c.shared
			e.run, e.err = Run(limited, of)
		}
		ended <- e
	}()
	var e ending
	select {
	case e = <-ended:
	case <-limited.Done():
		select {
		case e = <-ended:
		case <-time.After(min(patience, grace)):
			e.err = errors.New("it hangs")
		}
	}
	if limited.Err() != nil {
		e.err = errors.Join(e.err, ctx.Err(), fmt.Errorf("stopped after %s", patience))
	}
	return e.run, e.err
}

// grace is how long a stopped run has to come back with what it found.
const grace = 2 * time.Second

// compare holds what the requirements claim against what was seen.
func (c *Selfcheck) compare(m *Matrix) {
	for _, r := range c.Requirements {
		broken, tried := false, len(r.Defects) == 0
		for _, name := range r.Defects {
			claim := Claim{r.ID, name}
			if !slices.ContainsFunc(c.Defects, func(d rig.Defect) bool { return d.Name == name }) {
				m.Unknown = append(m.Unknown, claim)
				continue
			}
			i := slices.IndexFunc(m.Trials, func(t Trial) bool { return t.Name == name })
			if i < 0 {
				continue
			}
			tried = true
			if m.Trials[i].kills(r.ID) {
				broken = true
			} else {
				m.Blind = append(m.Blind, claim)
			}
		}
		if tried && !broken {
			m.Untested = append(m.Untested, r.ID)
		}
	}
	for _, d := range c.Defects {
		if len(c.naming(d.Name)) == 0 {
			m.Unnamed = append(m.Unnamed, d.Name)
		}
	}
}

// kills tells that a scenario of the requirement has failed.
func (t *Trial) kills(requirement string) bool {
	return slices.ContainsFunc(t.Kills, func(k Kill) bool { return slices.Contains(k.Requirements, requirement) })
}

// verdicts yields every scenario of a run with its feature.
func verdicts(run *reports.Run) iter.Seq2[string, *reports.Scenario] {
	return func(yield func(string, *reports.Scenario) bool) {
		for i := range run.Features {
			for j := range run.Features[i].Scenarios {
				if !yield(run.Features[i].URI, &run.Features[i].Scenarios[j]) {
					return
				}
			}
		}
	}
}

// found gives the first thing that a scenario found wrong.
func found(s *reports.Scenario) reports.Failure {
	for _, step := range s.Steps {
		if step.Failure != nil {
			return *step.Failure
		}
	}
	switch {
	case s.Failure != nil:
		return *s.Failure
	case len(s.Breaks) > 0:
		return reports.Failure{Where: "money", Text: s.Breaks[0].Rule + ": " + s.Breaks[0].Text}
	}
	return reports.Failure{Text: s.Reason}
}

// reads puts it in one line.
func reads(s *reports.Scenario) string {
	return strings.Join(strings.Fields((&failure{inShort(found(s))}).Error()), " ")
}

// inShort leaves of two tables the first rows that differ.
func inShort(f reports.Failure) reports.Failure {
	if !strings.Contains(f.Wanted+f.Got, "\n") {
		return f
	}
	wanted, got := append(rows(f.Wanted), "nothing more"), append(rows(f.Got), "nothing more")
	i := 0
	for i < min(len(wanted), len(got))-1 && wanted[i] == got[i] {
		i++
	}
	f.Wanted, f.Got = wanted[i], got[i]
	return f
}

// rows gives the lines that hold something, without the spaces that line them up.
func rows(text string) (out []string) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, strings.Join(words, " "))
		}
	}
	return out
}
