package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/campaign"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Worker says who joins whom.
type Worker struct {
	URL     string
	Name    string
	Wait    time.Duration // for a coordinator
	Profile *rig.Profile
	Version string
	Rig     func(control, world string, part int) (*rig.Rig, error)
	Live    io.Writer
}

// hand is a worker at work.
type hand struct {
	Worker
	nc      *nats.Conn
	deliver string
	tasks   chan *nats.Msg
	seated  chan seat
	part    *campaign.Part
	stop    context.CancelFunc // the schedule
	over    chan struct{}      // closed when all was delivered
	left    atomic.Bool        // it was told here to end
	started bool
	gone    bool // all was delivered
}

type seat struct {
	part *campaign.Part
	err  error
	ask  *nats.Msg
}

// Work joins a coordinator, carries out its part, and returns when the coordinator has all. An end of the context ends the worker's
// schedule; what it has done by then is delivered.
func Work(ctx context.Context, w Worker) error {
	u, err := parse(w.URL)
	if err != nil {
		return fmt.Errorf("--join %w", err)
	}
	h := &hand{Worker: w, tasks: make(chan *nats.Msg, 1024), seated: make(chan seat, 1), over: make(chan struct{})}
	wait, cancel := context.WithTimeout(ctx, w.Wait)
	defer cancel()
	again := time.NewTicker(pulse)
	defer again.Stop()
	for h.deliver == "" {
		if err = h.join(wait, u.String()); err == nil {
			break
		}
		var refused refusal
		if errors.As(err, &refused) {
			return err
		}
		select {
		case <-again.C:
		case <-wait.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("no coordinator took this worker within %s: %w: start one with `tillproof load WORKLOAD --workers URL --expect N`, or wait longer with --wait", w.Wait, err)
		}
	}
	defer h.nc.Close()
	fmt.Fprintf(w.Live, "joined as %s\n", w.Name)
	return h.serve(ctx)
}

// refusal is a coordinator's word that this worker is not wanted.
type refusal string

func (r refusal) Error() string { return string(r) }

func (h *hand) join(ctx context.Context, address string) error {
	u, err := parse(address)
	if err != nil {
		return err
	}
	if h.nc, err = connect(u); err != nil {
		return err
	}
	inbox := nats.NewInbox()
	if err = h.ask(ctx, inbox); err != nil {
		h.nc.Close()
	}
	return err
}

func (h *hand) ask(ctx context.Context, inbox string) error {
	if _, err := h.nc.ChanSubscribe(inbox, h.tasks); err != nil {
		return err
	}
	b, err := json.Marshal(hello{Name: h.Name, Inbox: inbox, Version: h.Version, Profile: h.Profile.Name, Host: h.Profile.Address})
	if err != nil {
		return err
	}
	m, err := h.nc.RequestWithContext(ctx, joining, b)
	if err != nil {
		return err
	}
	var out welcome
	if err := json.Unmarshal(m.Data, &out); err != nil {
		return fmt.Errorf("the coordinator's answer is not as expected: %w", err)
	}
	if out.Error != "" {
		return refusal(out.Error)
	}
	h.deliver = out.Deliver
	return nil
}

// serve does what the coordinator says until it says to leave.
func (h *hand) serve(ctx context.Context) error {
	schedule, stop := context.WithCancel(ctx)
	defer stop()
	h.stop = stop
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	heard, interrupted := time.Now(), ctx.Done()
	defer h.close()
	for {
		select {
		case m := <-h.tasks:
			heard = time.Now()
			if leave := h.do(schedule, m); leave {
				return ctx.Err()
			}
		case <-h.over:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			h.over, h.gone = nil, true
		case s := <-h.seated:
			h.part = s.part
			send(s.ask, answer(s.err))
		case <-tick.C:
			h.send(beat, nil)
			if time.Since(heard) > silence || h.nc.IsClosed() {
				return fmt.Errorf("the coordinator is gone: nothing was heard of it for %s", time.Since(heard).Round(100*time.Millisecond))
			}
		case <-interrupted:
			interrupted = nil
			if h.left.Store(true); !h.started {
				h.bye(farewell{Left: true})
				return ctx.Err()
			}
		}
	}
}

// close switches the tills off, unless they are still at work, as when the coordinator is gone: then the process ends them.
func (h *hand) close() {
	h.stop()
	if h.part != nil && (!h.started || h.gone) {
		h.part.Close()
	}
}

func answer(err error) done {
	out := done{Now: time.Now().UnixNano()}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

func (h *hand) do(ctx context.Context, m *nats.Msg) (leave bool) {
	var t task
	if err := json.Unmarshal(m.Data, &t); err != nil {
		send(m, answer(fmt.Errorf("what is asked of the worker is not as expected: %w", err)))
		return false
	}
	switch t.Do {
	case "here":
	case "clock":
		send(m, answer(nil))
	case "seat":
		go func() {
			part, err := h.seat(ctx, t)
			h.seated <- seat{part, err, m}
		}()
	case "start":
		if h.part == nil || h.started {
			send(m, answer(errors.New("it has no tills yet, or has started")))
			return false
		}
		send(m, answer(nil))
		now := time.Now()
		began := now.Add(time.Unix(0, t.At).Sub(now.Round(0))) // keeps the monotonic clock
		h.started = true
		go h.drive(ctx, began, h.over)
	case "stop":
		h.stop()
	case "leave":
		return true
	}
	return false
}

func (h *hand) seat(ctx context.Context, t task) (*campaign.Part, error) {
	w, err := t.Mission.Workload()
	if err != nil {
		return nil, err
	}
	r, err := h.Rig(t.Control, t.World, t.Mission.Part)
	if err != nil {
		return nil, err
	}
	part, err := campaign.Work(ctx, campaign.Config{Workload: w, Rig: r, Now: time.Now}, h.hands)
	if err == nil {
		fmt.Fprintf(h.Live, "%d tills have signed in\n", w.Tills)
	}
	return part, err
}

// hands delivers an interval: its orders first.
func (h *hand) hands(d campaign.Delivery) {
	const whole = room / load.RecordSize * load.RecordSize
	for len(d.Orders) > 0 {
		n := min(len(d.Orders), whole)
		h.send(orders, d.Orders[:n])
		d.Orders = d.Orders[n:]
	}
	h.send(interval, d.Parcel)
}

func (h *hand) send(kind byte, b []byte) {
	_ = h.nc.Publish(h.deliver, append([]byte{kind}, b...)) // a closed connection is found by its silence
}

// drive carries out the part, and delivers what the tills know about the money.
func (h *hand) drive(ctx context.Context, began time.Time, over chan<- struct{}) {
	defer close(over)
	err := h.part.Drive(ctx, began)
	out := farewell{Left: h.left.Load(), Refused: h.part.Refused()}
	if err == nil {
		err = h.states(context.WithoutCancel(ctx))
	}
	if err != nil {
		out.Error = err.Error()
	}
	h.bye(out)
	fmt.Fprintln(h.Live, "all was delivered")
}

func (h *hand) states(ctx context.Context) error {
	all, err := h.part.Statements(ctx)
	if err != nil {
		return fmt.Errorf("money check: %w", err)
	}
	var b []byte
	for _, s := range all {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if len(b)+len(line) > room {
			h.send(statements, b)
			b = b[:0]
		}
		b = append(append(b, line...), '\n')
	}
	h.send(statements, b)
	return nil
}

func (h *hand) bye(f farewell) {
	b, err := json.Marshal(f)
	if err != nil {
		b = []byte("{}")
	}
	h.send(last, b)
	_ = h.nc.FlushTimeout(reply)
}
