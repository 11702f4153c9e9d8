package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	All          bool                                  // each defect meets every scenario that asks what it edits, not just those of the requirements that name it
	Try          func(context.Context, Errand) Trial   // has a defect tried elsewhere; nil: in this process
	Rig          func(defect string) (*rig.Rig, error) // a rig in memory with the defect armed, "" for none; nil: one of the default profile
	Parallel     int                                   // defects at once; 0: as many as there are processors
	Seed         sim.Seed
	Patience     time.Duration // that a run with a defect may take; 0: 30 s
	Now          func() time.Time

	shared    *shared                    // by all its runs
	consulted map[string]map[string]bool // by scenario: the entries of the rules that it asks; for All
	edits     func(defect string) (rig.Touches, error)
}

// Errand is a defect to be tried, with the scenarios that it can touch.
type Errand struct {
	Defect string   `json:"defect"`
	Only   []string `json:"only,omitempty"` // ids; none: those of the requirements that name it, and then all
}

// Matrix is what became of each defect, and where requirements and defects do not know each other.
type Matrix struct {
	Seed      uint64  `json:"seed"`
	Scenarios int     `json:"scenarios"` // of the suite, which all pass without a defect
	Trials    []Trial `json:"defects"`

	Idle     []string `json:"scenarios_that_killed_nothing,omitempty"` // told when all defects have met all scenarios
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
	Accidents []Kill   `json:"noticed_by_accident,omitempty"` // other scenarios; without All looked for only when nothing kills it
	Broken    []string `json:"broken,omitempty"`              // scenarios in which the harness got no verdict
	Met       int      `json:"scenarios_met,omitempty"`       // that asked what it edits
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
	if err := c.prepare(); err != nil {
		return nil, err
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
			m.Trials[i] = c.Try(ctx, Errand{d.Name, c.touched(d.Name)})
		})
	}
	wait.Wait()
	c.compare(m)
	return m, ctx.Err()
}

// prepare makes what all runs share.
func (c *Selfcheck) prepare() (err error) {
	if c.Parallel <= 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	if c.Patience <= 0 {
		c.Patience = 30 * time.Second
	}
	if c.Try == nil {
		c.Try = c.try
	}
	if c.Rig == nil {
		if c.Rig, err = arming(); err != nil {
			return err
		}
	}
	if c.edits, err = rig.TouchedBy(); err != nil {
		return err
	}
	c.shared, err = newShared(c.Builtin)
	return err
}

// Serve tries the defects of the errands that it reads, one a line, and writes a trial for each: a process that does so may hang or die without harm.
func (c Selfcheck) Serve(ctx context.Context, errands io.Reader, trials io.Writer) error {
	if err := c.prepare(); err != nil {
		return err
	}
	in, out := json.NewDecoder(errands), json.NewEncoder(trials)
	for {
		var e Errand
		if err := in.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("errand: %w", err)
		}
		if err := out.Encode(c.try(ctx, e)); err != nil {
			return fmt.Errorf("trial of %s: %w", e.Defect, err)
		}
	}
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
	of, honest := Config{Parallel: c.Parallel}, func() (*rig.Rig, error) { return c.Rig("") }
	if c.All {
		of.Parallel = 1
		of.Done, honest = c.listen(honest)
	}
	run, err := c.suite(ctx, of, honest, max(c.Patience, time.Minute))
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

// listen gives a rig that notes what is asked of its parties' rules, and puts it down to each scenario that is done.
func (c *Selfcheck) listen(honest func() (*rig.Rig, error)) (done func(*reports.Scenario), noting func() (*rig.Rig, error)) {
	var mu sync.Mutex
	asked, all := map[string]bool{}, map[string]map[string]bool{}
	c.consulted = all
	done = func(s *reports.Scenario) {
		mu.Lock()
		defer mu.Unlock()
		all[s.ID], asked = asked, map[string]bool{}
	}
	return done, func() (*rig.Rig, error) {
		r, err := honest()
		if err != nil {
			return nil, err
		}
		return r.Watched(func(entry string) {
			mu.Lock()
			defer mu.Unlock()
			asked[entry] = true
		})
	}
}

// touched gives the scenarios that ask what a defect edits. Those that do not run as they do without it: the seed is the same.
func (c *Selfcheck) touched(defect string) (ids []string) {
	if !c.All {
		return nil
	}
	touches, err := c.edits(defect)
	for id, consulted := range c.consulted {
		if err != nil || touches(consulted) { // a defect that the rig does not know may be anything
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// try arms a defect and runs the scenarios of the errand. Without any, those of the requirements that name it; if none of them fails, the whole suite.
func (c *Selfcheck) try(ctx context.Context, e Errand) (t Trial) {
	begun := c.Now()
	defer func() { t.Took = c.Now().Sub(begun).Milliseconds() }()
	if i := slices.IndexFunc(c.Defects, func(d rig.Defect) bool { return d.Name == e.Defect }); i >= 0 {
		t.Defect = c.Defects[i]
	}
	names := c.naming(e.Defect)
	if len(e.Only) > 0 {
		t.Met = len(e.Only)
		t.sort(c.arm(ctx, &t, Config{only: setOf(e.Only)}), names)
		return t
	}
	if len(names) > 0 {
		t.sort(c.arm(ctx, &t, Config{Tags: "@" + strings.Join(names, " or @")}), names)
		t.Accidents = nil // scenarios of these requirements that failed before the point
	}
	if !t.Killed() && t.Trouble == "" {
		t.sort(c.arm(ctx, &t, Config{}), nil)
	}
	return t
}

func setOf(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// sort tells scenarios that failed for a requirement that names the defect, behind their Givens, from others. Of the requirements of the first it keeps those.
func (t *Trial) sort(failed []*fall, names []string) {
	for _, f := range failed {
		if named := kept(f.kill.Requirements, names); len(named) > 0 && !f.early {
			f.kill.Requirements = named
			t.Kills = append(t.Kills, f.kill)
		} else {
			t.Accidents = append(t.Accidents, f.kill)
		}
	}
}

// fall is a scenario that failed with a defect.
type fall struct {
	kill  Kill
	early bool // before it began
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

// arm runs scenarios with the defect and gives those that failed.
func (c *Selfcheck) arm(ctx context.Context, t *Trial, of Config) (failed []*fall) {
	of.Parallel = 1
	run, err := c.suite(ctx, of, func() (*rig.Rig, error) { return c.Rig(t.Name) }, c.Patience)
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
			failed = append(failed, &fall{Kill{s.ID, fmt.Sprintf("%s:%d", uri, s.Line), s.Name, s.Requirements, reads(s)}, strings.HasPrefix(found(s).Where, beforeIt)})
		}
	}
	return failed
}

func kept(all, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return !slices.Contains(wanted, id) })
}

// suite runs features on a rig that may have a defect, and comes back even if the defect makes honest code hang: that goroutine is left
// behind. What was found until then comes with the error.
func (c *Selfcheck) suite(ctx context.Context, of Config, armed func() (*rig.Rig, error), patience time.Duration) (*reports.Run, error) {
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
		if of.Rig, e.err = armed(); e.err == nil {
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
	if c.All && len(c.Only) == 0 {
		m.Idle = c.idle(m.Trials)
	}
	for _, d := range c.Defects {
		if len(c.naming(d.Name)) == 0 {
			m.Unnamed = append(m.Unnamed, d.Name)
		}
	}
}

// idle gives the scenarios that no defect has made fail.
func (c *Selfcheck) idle(trials []Trial) (ids []string) {
	failed := map[string]bool{}
	for _, t := range trials {
		for _, k := range slices.Concat(t.Kills, t.Accidents) {
			failed[k.Scenario] = true
		}
		for _, id := range t.Broken {
			failed[id] = true
		}
	}
	for id := range c.consulted {
		if !failed[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
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
