package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// lacks is an ErrNoSight with a reason of its own: what this seat lacks for a scenario, which is skipped.
type lacks string

func (l lacks) Error() string { return string(l) }

// Is makes every lack an ErrNoSight.
func (l lacks) Is(target error) bool { return target == ErrNoSight }

// lease lends the profile's terminals to the scenarios of a run, one at a time. A remote host has no worlds and remembers every
// trace number: the numbers go on from scenario to scenario and, in a file, from run to run.
type lease struct {
	file string // "" forgets at the end of the run
	lock io.Closer
	mu   sync.Mutex
	next map[string]numbers
}

// numbers are where a terminal goes on, or a chip. By its terminal number or cardholder they stand in the state file.
type numbers struct {
	Trace int    `json:"trace,omitempty"` // of its next message
	Batch string `json:"batch,omitempty"`
	KSN   string `json:"ksn,omitempty"` // serial number of its next DUKPT key, in hex
	ATC   uint16 `json:"atc,omitempty"` // of the chip's last transaction: an issuer takes no counter twice
}

// lastTrace is followed by 1 (DOMAIN.md A.2, F11).
const lastTrace = 999999

// ahead counts how far a trace number is ahead of the first.
func (n numbers) ahead(trace int) int { return (trace - n.Trace + lastTrace) % lastTrace }

func newLease(file string) (*lease, error) {
	l := &lease{file: file, next: map[string]numbers{}}
	if file == "" {
		return l, nil
	}
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	if l.lock, err = lock(file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &l.next)
	}
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w: without it trace numbers repeat; delete it only if the host has forgotten them", file, err)
	}
	return l, nil
}

// close lets another run have the state file.
func (l *lease) close() error {
	if l == nil || l.lock == nil {
		return nil
	}
	return l.lock.Close()
}

// ForNewHost gives a rig whose terminals call a remote host that knows nothing of them yet: their trace numbers go on, and their batches begin anew.
func (r *Rig) ForNewHost() *Rig {
	own := *r
	own.lease = &lease{next: map[string]numbers{}}
	r.lease.mu.Lock()
	defer r.lease.mu.Unlock()
	for terminal, n := range r.lease.next {
		n.Batch = ""
		own.lease.next[terminal] = n
	}
	return &own
}

// of gives where a terminal goes on.
func (l *lease) of(terminal string) numbers {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at(terminal)
}

func (l *lease) at(terminal string) numbers {
	n := l.next[terminal]
	if n.ATC > 0 {
		return n
	}
	if n.Trace == 0 {
		n.Trace = 1
	}
	if n.Batch == "" {
		n.Batch = "000001"
	}
	return n
}

// keep notes where a terminal goes on. It is on disk before the message leaves that uses the number.
func (l *lease) keep(terminal string, n numbers) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at(terminal) == n {
		return nil
	}
	l.next[terminal] = n
	if l.file == "" {
		return nil
	}
	text, err := json.MarshalIndent(l.next, "", "  ")
	if err == nil {
		err = os.WriteFile(l.file+".new", append(text, '\n'), 0o644)
	}
	if err == nil {
		err = os.Rename(l.file+".new", l.file)
	}
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	return nil
}

// remote tells that the host sits somewhere else and is only known by its line.
func (w *World) remote() bool {
	_, alone := w.seats.(*remoteSeat)
	_, between := w.behindSwitch()
	return alone || between
}

// Fresh tells that the host remembers nothing from before this scenario.
func (w *World) Fresh() bool {
	_, ok := w.seats.control()
	return ok && !w.remote()
}

// takeLease lets the till go on where its terminal stopped, on a remote seat.
func (t *Till) takeLease() error {
	if !t.world.remote() && !t.world.outside() {
		return nil
	}
	if !t.world.Rig.Profile.binds(t.Name) {
		return lacks(fmt.Sprintf("profile %s has no terminal %s", t.world.Rig.Profile.Name, t.Name))
	}
	if t.world.outside() {
		return nil // it counts by itself
	}
	n := t.world.Rig.lease.of(t.number)
	if t.leased.Trace == 0 {
		t.leased = n
	}
	t.config.FirstTrace, t.config.Batch = n.Trace, n.Batch
	return nil
}

// traceBlock is how many trace numbers a till of a fleet takes at once: the state file is not written for each of its messages.
const traceBlock = 500

// mayLeave holds what a till writes to a remote host against the guard rails: only test cards of the profile, no other terminal's
// number, no trace number of an earlier scenario. It notes the trace number as used.
func (t *Till) mayLeave(m *iso8583.Message) error {
	if m != nil {
		if err := t.world.welcome(m); err != nil {
			return err
		}
	}
	if !t.world.remote() || m == nil {
		return nil
	}
	if pan := m.Get(iso8583.PAN); pan != "" && !t.world.Rig.Profile.testCard(pan) {
		return lacks(fmt.Sprintf("card number %s is no test card of profile %s: it is not sent to a remote host", pay.NewPAN(pan), t.world.Rig.Profile.Name))
	}
	if _, ours := t.world.behindSwitch(); m.Has(iso8583.Chip) && !t.world.Rig.Profile.ChipKeys && !ours {
		t.world.unverified = fmt.Sprintf("the cryptogram that %s sent is unverified: profile %s does not say that the host knows the keys of our chips (chip_keys)", t.Name, t.world.Rig.Profile.Name)
	}
	number := m.Get(iso8583.Terminal)
	if number != t.number && t.world.Rig.Profile.lists(number) > 0 {
		return lacks(fmt.Sprintf("terminal %s is not %s: at a remote host its sign-in and batch are another scenario's", number, t.Name))
	}
	trace, err := strconv.Atoi(m.Get(iso8583.Trace))
	if err != nil {
		return nil // a message without a trace number uses none up
	}
	ahead := t.leased.ahead(trace)
	if ahead > lastTrace/2 {
		return lacks(fmt.Sprintf("trace number %06d was used in an earlier scenario, and a remote host remembers", trace))
	}
	n := t.world.Rig.lease.of(t.number)
	if err := t.serialUsed(m, &n); err != nil {
		return err
	}
	if ahead >= t.leased.ahead(n.Trace) {
		n.Trace = trace%lastTrace + 1
		if t.world.lean {
			n.Trace = (trace+traceBlock-1)%lastTrace + 1
		}
	}
	return t.world.Rig.lease.keep(t.number, n)
}

// follow takes the batch from what a remote host answers: a sign-in tells it, a sign-out begins the next.
func (t *Till) follow(c *Crossing) error {
	if !t.world.remote() || c.Message == nil || pay.Answer(c.Message.Get(iso8583.AnswerCode)) != pay.Answer00Approved {
		return nil
	}
	n, batch := t.world.Rig.lease.of(t.number), c.Message.Get(iso8583.Batch)
	count, err := strconv.Atoi(batch)
	switch {
	case err != nil:
		return nil // a dialect without batches
	case c.Flow == pay.SignIn:
		n.Batch = batch
	case c.Flow == pay.SignOut:
		n.Batch = fmt.Sprintf("%06d", count%999999+1) // DOMAIN.md A.8
	}
	return t.world.Rig.lease.keep(t.number, n)
}

// AsNew gives a trace number, batch or terminal number of a till as it would be had the till been new when the scenario began: features count
// from 1. On seats where every till is new it is the value itself, as any other element's always is.
func (w *World) AsNew(till string, e iso8583.Element, value string) string {
	t, ok := w.tills[till]
	n, err := strconv.Atoi(value)
	if !ok || err != nil || !w.remote() && !w.outside() || t.leased.Trace == 0 {
		return value
	}
	switch e {
	case iso8583.Trace:
		n = t.leased.ahead(n)
	case iso8583.Batch:
		first, _ := strconv.Atoi(t.leased.Batch) // a batch is a number: it came from follow
		n = (n - first + 999999) % 999999
	case iso8583.Terminal:
		if value == t.number {
			return w.Rig.numbers[till]
		}
		return value
	default:
		return value
	}
	return fmt.Sprintf("%06d", n+1)
}

// ofLease gives the trace number that AsNew shows as the given one.
func (t *Till) ofLease(trace string) string {
	n, err := strconv.Atoi(trace)
	if err != nil || !t.world.remote() {
		return trace
	}
	return fmt.Sprintf("%06d", (t.leased.Trace+n-2+lastTrace)%lastTrace+1)
}
