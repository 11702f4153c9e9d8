// Package steps says what each line of a feature means, and runs features against a rig.
package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Config says what to run and how.
type Config struct {
	Rig      *rig.Rig
	Builtin  fs.FS    // the shipped features
	Paths    []string // folders, files, files with lines; none: all the shipped features
	Tags     string   // a Cucumber tag expression
	Parallel int      // scenarios at once; 0: as many as there are processors
	Seed     sim.Seed
	DryRun   bool   // names what would run, and finds steps that nobody knows
	Replay   string // begins the command that runs a scenario again: "tillproof run --line socket"

	Requirements []reports.Requirement
	Now          func() time.Time
	Selected     func(scenarios int)     // told before the first scenario
	Started      func(name string)       // from any goroutine
	Done         func(*reports.Scenario) // from any goroutine

	shared *shared         // nil: made for this run
	only   map[string]bool // just the scenarios with these ids; nil: whichever
}

// shared is what many runs of the built-in features make once.
type shared struct {
	book   *phrasebook
	listed []*featureFile
}

func newShared(builtin fs.FS) (s *shared, err error) {
	s = &shared{}
	if s.book, err = newPhrasebook(); err != nil {
		return nil, err
	}
	s.listed, err = Source{Builtin: builtin, Name: "features"}.files(nil)
	return s, err
}

// ClockTag marks scenarios about time, which always sit in memory.
const ClockTag = "@clock"

// LayoutTag marks scenarios about what only layoutDialect has: its fields by number, its flows.
const (
	LayoutTag     = "@unionpay"
	layoutDialect = "unionpay-pos"
)

// Run runs the selected scenarios and gives the run's tree. An error means that nothing could be run: the selection or the
// features are at fault. A cancelled context ends the run early; what was done is in the tree.
func Run(ctx context.Context, c Config) (*reports.Run, error) {
	tags, err := ParseTags(c.Tags)
	if err != nil {
		return nil, err
	}
	if c.shared == nil {
		if c.shared, err = newShared(c.Builtin); err != nil {
			return nil, err
		}
	}
	source := Source{Builtin: c.Builtin, Name: "features", listed: c.shared.listed, only: c.only}
	selection, err := source.Select(c.Paths, tags)
	if err != nil {
		return nil, err
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	switch p := c.Rig.Profile; {
	case p.Lends():
		c.Parallel = min(c.Parallel, p.Sets()) // a host without worlds: its terminals are lent to one scenario at a time
	case p.Seat == rig.SeatTerminal:
		c.Parallel = 1
	}
	run := &reports.Run{Seed: uint64(c.Seed), DryRun: c.DryRun, Line: c.Rig.Line(), Profile: c.Rig.Profile.Name, Dialect: c.Rig.Dialect.Name,
		Framing: c.Rig.Dialect.Framing, IssuerFraming: c.Rig.Network().Framing, Seat: c.Rig.Profile.Seat, Claims: c.Rig.Profile.Claims, Selection: c.asked(), Started: c.Now(), Features: selection.Tree()}
	run.Requirements = shown(c.Requirements, run.Features)
	r := &runner{Config: c, scenarios: map[string]*reports.Scenario{}}
	total := 0
	for i := range run.Features {
		for j := range run.Features[i].Scenarios {
			s := &run.Features[i].Scenarios[j]
			r.scenarios[s.ID] = s
			total++
		}
	}
	if c.Selected != nil {
		c.Selected(total)
	}
	for _, part := range suites(selection) {
		if ctx.Err() != nil {
			break
		}
		suite := godog.TestSuite{Name: "tillproof", TestSuiteInitializer: func(s *godog.TestSuiteContext) { r.initialize(s, part) },
			Options: &godog.Options{Format: "progress", Output: io.Discard, NoColors: true, Strict: true, Concurrency: c.Parallel,
				DefaultContext: ctx, FeatureContents: part.Contents()}}
		suite.Run() // its verdict is not used: the tree has ours
	}
	if ctx.Err() != nil {
		r.leave(run)
	}
	run.Took = c.Now().Sub(run.Started)
	run.Interrupted = ctx.Err() != nil
	return run, nil
}

// asked tells which features were asked for.
func (c Config) asked() string {
	asked := strings.Join(c.Paths, " ")
	if c.Tags != "" {
		asked = strings.TrimPrefix(asked+" --tags "+c.Tags, " ")
	}
	return asked
}

// suiteSize is about how many scenarios godog gets at once. It looks for the steps of each, also when the run was interrupted, so
// that nobody should have to wait for all that is left.
const suiteSize = 100

// suites cuts the selected features into suites.
func suites(s *Selection) (all []*Selection) {
	n := suiteSize
	for _, f := range s.Features {
		if n >= suiteSize {
			all, n = append(all, &Selection{}), 0
		}
		last := all[len(all)-1]
		last.Features = append(last.Features, f)
		n += len(f.Pickles)
	}
	return all
}

// texts yields what the steps of the selected scenarios say.
func (s *Selection) texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range s.Features {
			for _, p := range f.Pickles {
				for _, step := range p.Steps {
					if !yield(step.Text) {
						return
					}
				}
			}
		}
	}
}

// leave gives those scenarios their verdict that an interrupted run has not come to.
func (r *runner) leave(run *reports.Run) {
	for i, f := range run.Features {
		for j := range f.Scenarios {
			if s := &run.Features[i].Scenarios[j]; s.Started.IsZero() {
				s.Status, s.Reason, s.Replay = reports.Skipped, "interrupted", r.replay(s, f.URI)
			}
		}
	}
}

// runner carries godog's hooks over to the run's tree.
type runner struct {
	Config
	scenarios map[string]*reports.Scenario // each is written by the one goroutine that runs it
}

func (r *runner) initialize(suite *godog.TestSuiteContext, of *Selection) {
	sc := suite.ScenarioContext()
	r.shared.book.register(sc, of.texts())
	sc.Before(r.before)
	sc.StepContext().Before(r.beforeStep)
	sc.StepContext().After(r.afterStep)
	sc.After(r.after)
}

func (r *runner) before(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
	tree := r.scenarios[reports.ScenarioID(pickle.Uri, int(pickle.Location.Line))]
	s := &scenario{tree: tree, index: map[string]int{}, mentioned: map[string]bool{}}
	for i, step := range pickle.Steps {
		s.index[step.Id] = i
	}
	ctx = context.WithValue(ctx, scenarioKey{}, s)
	tree.Started, tree.Reason = r.Now(), ""
	tree.Replay = r.replay(tree, pickle.Uri)
	switch reason := r.unfit(tree); {
	case ctx.Err() != nil:
		return ctx, s.skip("interrupted")
	case reason != "":
		return ctx, s.skip(reason)
	case r.DryRun:
		return ctx, s.skip("dry run")
	}
	if r.Started != nil {
		r.Started(tree.Name)
	}
	line := ""
	if slices.Contains(tree.Tags, ClockTag) {
		line = rig.LineMemory
	}
	world, err := r.Rig.World(ctx, r.Seed.Sub(tree.ID), line)
	if reason, ok := skipped(ctx, err); ok {
		return ctx, s.skip(reason)
	}
	if err != nil {
		return ctx, fmt.Errorf("world: %w", err)
	}
	s.world = world
	return ctx, nil
}

// unfit tells why a scenario cannot be run on this seat, "" if it can.
func (r *runner) unfit(tree *reports.Scenario) string {
	p := r.Rig.Profile
	if (p.Lends() || p.Seat == rig.SeatTerminal) && slices.Contains(tree.Tags, ClockTag) {
		return "about time: needs a host with a virtual clock"
	}
	if slices.Contains(tree.Tags, LayoutTag) && !r.Rig.Dialect.Is(layoutDialect) {
		return "about the layout of " + layoutDialect + ": dialect " + r.Rig.Dialect.Name + " has another"
	}
	topic, _, _ := strings.Cut(tree.ID, "-")
	if len(p.Claims) > 0 && !slices.Contains(p.Claims, topic) {
		return "profile " + p.Name + " does not claim " + topic
	}
	for _, not := range p.Disclaims {
		if slices.Contains(tree.Tags, "@"+not) || strings.HasPrefix(tree.ID, strings.ReplaceAll(not, "/", "-")+"-") {
			return "profile " + p.Name + " does not claim " + not
		}
	}
	return ""
}

func (r *runner) replay(tree *reports.Scenario, uri string) string {
	return fmt.Sprintf("%s --seed %d %s:%d", r.Replay, uint64(r.Seed), uri, tree.Line)
}

// skip sets the scenario's verdict to skipped.
func (s *scenario) skip(reason string) error {
	s.tree.Status, s.tree.Reason = reports.Skipped, reason
	return godog.ErrSkip
}

func (r *runner) beforeStep(ctx context.Context, step *godog.Step) (context.Context, error) {
	s := current(ctx)
	s.begun, s.place, s.kind = r.Now(), s.index[step.Id], step.Type
	if step.Type == messages.PickleStepType_ACTION && s.world != nil && !s.closed {
		s.act()
	}
	return ctx, nil
}

func (r *runner) afterStep(ctx context.Context, step *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
	s := current(ctx)
	if s.closed {
		return ctx, nil
	}
	line := &s.tree.Steps[s.index[step.Id]]
	line.Took = r.Now().Sub(s.begun)
	line.Status, line.Failure = verdict(status, err)
	if reason, ok := skipped(ctx, err); ok {
		line.Status, line.Failure = reports.Skipped, nil
		s.tree.Reason = reason
	}
	if r.DryRun && len(r.shared.book.fits(step.Text)) == 0 { // godog does not look at steps that are skipped
		line.Status, line.Failure = verdict(godog.StepUndefined, nil)
	}
	return ctx, nil
}

// verdict turns what godog says of a step into ours: an error that is not a failure is the harness's.
func verdict(status godog.StepResultStatus, err error) (reports.Status, *reports.Failure) {
	var f *failure
	var u *rig.Unexpected
	switch {
	case status == godog.StepPassed:
		return reports.Passed, nil
	case errors.As(err, &u):
		return reports.Failed, &reports.Failure{Where: u.Till, Wanted: u.Wanted, Got: u.Got}
	case errors.As(err, &f):
		return reports.Failed, &f.Failure
	case status == godog.StepSkipped, errors.Is(err, godog.ErrSkip):
		return reports.Skipped, nil
	case status == godog.StepUndefined:
		return reports.Broken, &reports.Failure{Text: "nobody knows this step: `tillproof steps` lists those there are"}
	case status == godog.StepAmbiguous:
		return reports.Broken, &reports.Failure{Text: "two steps fit this line"}
	case err != nil:
		return reports.Broken, &reports.Failure{Text: err.Error()}
	}
	return reports.Broken, &reports.Failure{Text: "the step ended as " + status.String()}
}

// after gives the scenario's verdict: the worst of its steps, and what verify finds.
func (r *runner) after(ctx context.Context, _ *godog.Scenario, _ error) (_ context.Context, err error) {
	s := current(ctx)
	defer func() { // godog does not recover here
		if p := recover(); p != nil {
			s.tree.Status = reports.Broken
			s.tree.Failure = &reports.Failure{Text: fmt.Sprintf("panic: %v\n%s", p, debug.Stack())}
		}
		s.close(r)
	}()
	if s.closed {
		return ctx, nil
	}
	s.judge(ctx)
	return ctx, nil
}

func (s *scenario) judge(ctx context.Context) {
	skippedAlready := s.tree.Status == reports.Skipped && s.world == nil
	status, ended := reports.Passed, false
	for i := range s.tree.Steps {
		step := &s.tree.Steps[i]
		if ended {
			step.Status = reports.Skipped
			continue
		}
		status = reports.Worst(status, step.Status)
		ended = step.Status != reports.Passed
	}
	if skippedAlready && status != reports.Broken {
		return
	}
	s.tree.Status = status
	if s.world == nil {
		return
	}
	if status == reports.Passed {
		s.verdict(ctx)
	}
	s.review()
	s.tidy()
	s.tree.Trace = s.world.Events()
}

// tidy leaves nothing held on a card of a remote host, however the scenario ended. What cannot be given back is told beside the verdict.
func (s *scenario) tidy() {
	if err := s.world.Tidy(); err != nil {
		s.tree.Reason = strings.TrimPrefix(s.tree.Reason+"; "+err.Error(), "; ")
	}
}

// review leaves to a person what a scenario with a chip showed of a host that need not know the chip's keys: whatever it answered,
// nobody has seen it verify anything.
func (s *scenario) review() {
	switch s.tree.Status {
	case reports.Passed:
		if s.tree.Reason = s.world.Unverified(); s.tree.Reason == "" && len(s.unseen) > 0 {
			s.tree.Reason = "nobody could look: " + strings.Join(s.unseen, "; ")
		}
		if s.tree.Reason != "" {
			s.tree.Status = reports.Review
		}
	case reports.Failed:
		s.tree.Reason = s.world.Unverified()
	}
}

// verdict holds the ending of a scenario whose steps all passed against the rules that no step says.
func (s *scenario) verdict(ctx context.Context) {
	err := s.verify()
	var f *failure
	reason, ok := skipped(ctx, err)
	switch {
	case ok:
		s.tree.Status, s.tree.Reason = reports.Skipped, reason
	case errors.As(err, &f):
		s.tree.Status, s.tree.Failure = reports.Failed, &f.Failure
	case err != nil:
		s.tree.Status, s.tree.Failure = reports.Broken, &reports.Failure{Text: err.Error()}
	case len(s.tree.Breaks) > 0:
		s.tree.Status = reports.Failed
	}
}

func (s *scenario) close(r *runner) {
	if s.closed {
		return
	}
	s.closed = true
	if s.world != nil {
		s.world.Close()
	}
	s.tree.Took = r.Now().Sub(s.tree.Started)
	if r.Done != nil {
		r.Done(s.tree)
	}
}
