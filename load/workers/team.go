package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/campaign"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Config says where a coordinator waits for whom.
type Config struct {
	URL     string
	Clear   bool          // listening beyond this machine without TLS is meant
	Expect  int           // workers
	Wait    time.Duration // for all of them
	Rig     *rig.Rig
	Version string
	Join    func(url string) // is told what workers join by
}

// Times that nobody needs to set.
const (
	pulse   = 250 * time.Millisecond // between signs of life, and looks for who has hung up
	silence = 3 * time.Second        // after which one that has not hung up is lost: a busy machine may well be still for one
	seating = 5 * time.Minute        // for a worker's tills to sign in
	notice  = 500 * time.Millisecond // between the word to start and the start
	probes  = 9                      // of a worker's clock
	reply   = 5 * time.Second
)

// Team is the workers of a coordinator. It implements campaign.Team.
type Team struct {
	Config
	nc     *nats.Conn
	close  func()
	shared *rig.Shared
	inbox  string
	kinds  int

	figures campaign.Figures
	end     context.CancelFunc // of the watch
	watch   sync.WaitGroup
	closing sync.Once

	mu      sync.Mutex
	workers []*worker
	full    chan struct{} // closed when all have joined
	over    chan struct{} // has one after a worker's state has changed
}

var _ campaign.Team = (*Team)(nil)

// worker is one of them as the coordinator sees it.
type worker struct {
	hello
	share      *load.Workload
	recorder   *load.Recorder
	heard      time.Time
	orders     []load.Sample // of the interval that is on its way
	delivered  uint64
	until      time.Duration
	statements []audit.Statement
	refused    map[string]int
	lost       string
	over       bool          // it delivers no more
	gone       chan struct{} // closed when it is over
}

// New opens the door for workers. Close the team.
func New(c Config) (*Team, error) {
	if c.Expect < 1 || c.Expect > 1000 {
		return nil, fmt.Errorf("--expect %d: want 1 to 1000 workers", c.Expect)
	}
	nc, at, stop, err := open(c.URL, c.Clear)
	if err != nil {
		return nil, err
	}
	t := &Team{Config: c, nc: nc, close: stop, inbox: nats.NewInbox(), full: make(chan struct{}), over: make(chan struct{}, 1)}
	ctx, end := context.WithCancel(context.Background())
	t.end = end
	if _, err = nc.Subscribe(joining, t.joins); err == nil {
		err = t.listen()
	}
	if err == nil {
		err = nc.FlushTimeout(reply)
	}
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("--workers: %w", err)
	}
	t.watch.Go(func() { t.look(ctx) })
	c.Join(at)
	return t, nil
}

func (t *Team) listen() error {
	sub, err := t.nc.Subscribe(t.inbox+".*", t.takes)
	if err != nil {
		return err
	}
	return sub.SetPendingLimits(-1, -1) // what a worker has delivered is not thrown away
}

// joins answers a worker that asks to be taken.
func (t *Team) joins(m *nats.Msg) {
	h, err := readHello(m.Data)
	var out welcome
	if err == nil {
		out.Deliver, err = t.take(h)
	}
	if err != nil {
		out.Error = err.Error()
	}
	send(m, out)
}

func (t *Team) take(h hello) (subject string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.Rig.Profile
	switch {
	case len(t.workers) == t.Expect:
		return "", fmt.Errorf("the coordinator has its %d workers already: give it --expect %d", t.Expect, t.Expect+1)
	case h.Version != t.Version:
		return "", fmt.Errorf("the coordinator is tillproof %s and this worker %s: take one version", t.Version, h.Version)
	case h.Profile != p.Name || h.Host != p.Address:
		return "", fmt.Errorf("the coordinator has profile %s (host %q), and this worker %s (host %q): give both the same --profile", p.Name, p.Address, h.Profile, h.Host)
	case slices.ContainsFunc(t.workers, func(w *worker) bool { return w.Name == h.Name }):
		return "", fmt.Errorf("there is a worker %s already: give this one another --name", h.Name)
	}
	t.workers = append(t.workers, &worker{hello: h, heard: time.Now(), gone: make(chan struct{})})
	if len(t.workers) == t.Expect {
		close(t.full)
	}
	return t.subject(len(t.workers) - 1), nil
}

// subject is what the worker who joined after n others delivers to.
func (t *Team) subject(n int) string { return fmt.Sprintf("%s.%d", t.inbox, n) }

func send(m *nats.Msg, v any) {
	if b, err := json.Marshal(v); err == nil {
		_ = m.Respond(b) // who asked waits only so long
	}
}

// look tells workers that the coordinator is there, and finds those that are not.
func (t *Team) look(ctx context.Context) {
	here, _ := json.Marshal(task{Do: "here"}) // it always can
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.mu.Lock()
			for i, w := range t.workers {
				_ = t.nc.PublishRequest(w.Inbox, t.subject(i), here) // one that cannot be told will be silent
				if quiet := now.Sub(w.heard); quiet > silence && !w.over {
					t.ends(w, fmt.Sprintf("nothing was heard of it for %s", quiet.Round(100*time.Millisecond)))
				}
			}
			t.mu.Unlock()
		}
	}
}

// ends notes that a worker delivers no more; why is "" if all is as it should be.
func (t *Team) ends(w *worker, why string) {
	if w.over {
		return
	}
	w.over, w.lost = true, why
	close(w.gone)
	if why != "" {
		leave, _ := json.Marshal(task{Do: "leave"}) // it always can
		_ = t.nc.Publish(w.Inbox, leave)            // one that only was slow shall not go on by itself
	}
	if w.recorder != nil {
		w.recorder.Close()
		if why != "" {
			t.figures.Say("worker %s is lost: %s", w.Name, why)
		}
	}
	select {
	case t.over <- struct{}{}:
	default:
	}
}

// takes takes a delivery.
func (t *Team) takes(m *nats.Msg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.workerOf(m.Subject)
	if w == nil || w.over {
		return
	}
	if hungUp(m) {
		t.ends(w, "its connection is gone")
		return
	}
	w.heard = time.Now()
	d, err := readDelivery(m.Data, t.kinds)
	if err == nil {
		err = t.accept(w, d)
	}
	if err != nil {
		t.ends(w, err.Error())
	}
}

// hungUp tells a server's word that nobody is there any more to hear what was said, as it is given at once when a process was killed.
func hungUp(m *nats.Msg) bool { return len(m.Data) == 0 && m.Header.Get("Status") == "503" }

func (t *Team) workerOf(subject string) *worker {
	for i, w := range t.workers {
		if subject == fmt.Sprintf("%s.%d", t.inbox, i) {
			return w
		}
	}
	return nil
}

func (t *Team) accept(w *worker, d delivery) error {
	if w.recorder == nil && d.kind != beat && d.kind != last {
		return errors.New("it delivers before it was told to")
	}
	switch d.kind {
	case orders:
		w.orders = append(w.orders, d.orders...)
	case interval:
		if err := w.recorder.Take(d.parcel, w.orders); err != nil {
			return err
		}
		t.figures.Orders(w.orders)
		w.delivered += uint64(len(w.orders))
		w.until = time.Duration(d.parcel.Index+1) * time.Second
		w.orders = w.orders[:0]
	case statements:
		w.statements = append(w.statements, d.statements...)
	case last:
		w.refused = d.farewell.Refused
		switch {
		case d.farewell.Error != "":
			t.ends(w, d.farewell.Error)
		case d.farewell.Left:
			t.ends(w, "it was told to leave, and left in order")
		default:
			t.ends(w, "")
		}
	}
	return nil
}

// Seat implements campaign.Team.
func (t *Team) Seat(ctx context.Context, w *load.Workload, f campaign.Figures) (err error) {
	f.Say("waiting for %d workers", t.Expect)
	patience := time.NewTimer(t.Wait)
	defer patience.Stop()
	select {
	case <-t.full:
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		t.mu.Lock()
		defer t.mu.Unlock()
		return fmt.Errorf("--workers: only %d of %d workers joined within %s: start more with `tillproof worker --join`, or wait longer with --wait", len(t.workers), t.Expect, t.Wait)
	}
	if t.shared, err = t.Rig.Share(context.WithoutCancel(ctx), sim.Seed(w.Seed)); err != nil {
		return err
	}
	if err := t.deal(w, f); err != nil {
		return err
	}
	f.Say("seating %d tills at %d workers", w.Tills, t.Expect)
	control, world := t.shared.Place()
	errs := make([]error, len(t.workers))
	var group sync.WaitGroup
	for i, at := range t.byName() {
		group.Go(func() {
			_, errs[i] = t.ask(ctx, at, task{Do: "seat", Mission: w.Mission(i, t.Expect), Control: control, World: world}, seating)
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	f.Say("all tills have signed in")
	return nil
}

// deal gives each worker its share: by the order of their names, so that the same workers have the same tills in the next run.
func (t *Team) deal(w *load.Workload, f campaign.Figures) (err error) {
	all := t.byName()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures, t.kinds = f, len(w.Kinds())
	for i, at := range all {
		if at.share, err = w.Share(i, t.Expect); err != nil {
			return err
		}
		if at.over {
			return fmt.Errorf("worker %s is lost before the start: %s", at.Name, at.lost)
		}
		at.recorder = f.Recorder()
	}
	return nil
}

func (t *Team) byName() []*worker {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedFunc(slices.Values(t.workers), func(a, b *worker) int { return strings.Compare(a.Name, b.Name) })
}

// ask has a worker do something, and waits until it has.
func (t *Team) ask(ctx context.Context, w *worker, in task, patience time.Duration) (out done, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-w.gone:
			cancel()
		case <-stop:
		}
	}()
	b, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	m, err := t.nc.RequestWithContext(ctx, w.Inbox, b)
	if err == nil {
		err = json.Unmarshal(m.Data, &out)
	}
	if err == nil && out.Error != "" {
		err = errors.New(out.Error)
	}
	if err != nil {
		return out, fmt.Errorf("worker %s: %s: %w", w.Name, in.Do, err)
	}
	return out, nil
}

// Start implements campaign.Team: the instant is told to each worker by its own clock.
func (t *Team) Start(ctx context.Context) (time.Time, error) {
	all := t.byName()
	offsets := make([]time.Duration, len(all))
	for i, w := range all {
		var err error
		if offsets[i], err = t.offset(ctx, w); err != nil {
			return time.Time{}, err
		}
	}
	at := time.Now().Add(notice)
	for i, w := range all {
		if _, err := t.ask(ctx, w, task{Do: "start", At: at.Add(offsets[i]).UnixNano()}, reply); err != nil {
			return at, err
		}
	}
	if late := time.Since(at); late > 0 {
		return at, fmt.Errorf("telling %d workers to start took %s longer than the %s that there were", len(all), late, notice)
	}
	return at, nil
}

// offset is how far a worker's clock is ahead of ours: by the probe that took the shortest time.
func (t *Team) offset(ctx context.Context, w *worker) (offset time.Duration, err error) {
	shortest := time.Duration(-1)
	for range probes {
		asked := time.Now()
		out, err := t.ask(ctx, w, task{Do: "clock"}, reply)
		if err != nil {
			return 0, err
		}
		if took := time.Since(asked); shortest < 0 || took < shortest {
			shortest, offset = took, time.Unix(0, out.Now).Sub(asked.Add(took/2))
		}
	}
	return offset, nil
}

// Drive implements campaign.Team.
func (t *Team) Drive(ctx context.Context, drain time.Duration) {
	interrupted := ctx.Done()
	stopped := time.NewTimer(t.byName()[0].share.Length() + notice + drain + seating) // at the latest
	defer stopped.Stop()
	for t.open() > 0 {
		select {
		case <-t.over:
		case <-interrupted:
			interrupted = nil
			t.tell("stop")
			stopped.Reset(drain + seating)
		case <-stopped.C:
			t.mu.Lock()
			for _, w := range t.workers {
				t.ends(w, "it did not come to an end")
			}
			t.mu.Unlock()
		}
	}
}

func (t *Team) open() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.workers {
		if !w.over {
			n++
		}
	}
	return n
}

// tell tells all workers something that needs no answer.
func (t *Team) tell(what string) {
	b, _ := json.Marshal(task{Do: what}) // it always can
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.workers {
		_ = t.nc.Publish(w.Inbox, b) // one that cannot be told is silent, and lost
	}
	_ = t.nc.FlushTimeout(reply)
}

// Report implements campaign.Team. What a worker that stayed has delivered is all that there was.
func (t *Team) Report(until time.Duration) (all []load.Worker, err error) {
	for _, w := range t.byName() {
		out := load.Worker{Name: w.Name, Tills: w.share.Tills, Planned: w.delivered, Delivered: w.delivered, Until: w.until, Lost: w.lost}
		if w.lost != "" {
			if out.Planned, err = w.share.Planned(until); err != nil {
				return nil, err
			}
		}
		all = append(all, out)
	}
	return all, nil
}

// Statements implements campaign.Team.
func (t *Team) Statements(context.Context) (all []audit.Statement, err error) {
	for _, w := range t.byName() {
		all = append(all, w.statements...)
	}
	return all, nil
}

// Control implements campaign.Team.
func (t *Team) Control() (rig.Control, bool) { return t.shared.Control() }

// Refused implements campaign.Team.
func (t *Team) Refused() map[string]int {
	all := map[string]int{}
	for _, w := range t.byName() {
		for why, n := range w.refused {
			all[why] += n
		}
	}
	return all
}

// Err implements campaign.Team: a worker's fault is its loss, and in the report.
func (t *Team) Err() error { return nil }

// Close sends the workers home. It may be called again.
func (t *Team) Close() { t.closing.Do(t.leave) }

func (t *Team) leave() {
	t.end()
	t.watch.Wait()
	t.tell("leave")
	if t.shared != nil {
		t.shared.Close()
	}
	t.close()
}
