package batch

import (
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// enqueue has an order begin, or wait for its till.
func (s *Sender) enqueue(now time.Duration, o order) {
	t := &s.tills[o.chain.Till]
	if t.busy || t.waiting.size() > 0 {
		t.waiting.push(o)
		return
	}
	s.begin(now, t, o)
}

// begin sends an order's request. One that should have left too long ago is dropped, and the next one begins.
func (s *Sender) begin(now time.Duration, t *till, o order) {
	for now-o.due > time.Duration(s.Workload.Lag) || t.line.down {
		waited := o.ready - o.due
		if t.line.down {
			waited = now - o.due // the host's doing
		}
		s.open--
		s.Desk.Record(&load.Sample{Due: o.due, Answered: now, Waited: waited, Chain: o.chain.Number, Terminal: uint32(t.index), Kind: o.kind(), Leg: uint8(o.leg), End: load.Dropped})
		if t.waiting.size() == 0 {
			return
		}
		o = t.waiting.pop()
		o.ready = now
	}
	t.order, t.recipe, t.busy = o, s.recipes[o.kind()], true
	t.trace = t.trace%999999 + 1
	m := s.making(t, t.trace)
	m.of = &t.order.first
	if t.recipe.chip {
		m.card.count()
	}
	if !s.send(t, t.recipe, m) {
		return
	}
	t.sent = original{trace: m.trace}
	copy(t.sent.batch[:], t.batch)
	copy(t.sent.date[:], s.clock.date)
	copy(t.sent.time[:], s.clock.time)
	if s.byTrace && s.Dialect.Switches.OriginalTime != "local" {
		copy(t.sent.date[:], s.clock.transmission[:4])
		copy(t.sent.time[:], s.clock.transmission[4:])
	}
	t.entry = s.book.add(entry{at: now, chain: o.chain.Number, till: t.index, trace: t.trace, of: o.first.trace, kind: o.kind(), amount: m.amount.Minor, fact: factUnknown})
}

func (s *Sender) making(t *till, trace uint32) *making {
	c := &s.cards[t.order.chain.Card]
	if c.at != t.index {
		if err := s.enterPIN(t, c); err != nil {
			s.fail("card %d: %w", t.order.chain.Card, err)
		}
	}
	s.made = making{till: t, card: c, clock: &s.clock, amount: t.order.chain.Amount(t.order.leg), trace: trace}
	return &s.made
}

// send writes a request to the till's line; it leaves with the next flush.
func (s *Sender) send(t *till, r *recipe, m *making) bool {
	if misfit := r.make(m); misfit != iso8583.NoElement {
		s.fail("till %s: %s of an order of kind %s has not the size that the sample had", t.number, misfit, s.Workload.Kinds()[t.order.kind()])
		return false
	}
	if r.living && !s.tell(t, r, m) {
		return false
	}
	if r.tpl.Sealed() {
		r.tpl.Seal(t.frame, t.mac.Sum)
	}
	l := t.line
	var err error
	if l.out, err = s.framer.Append(l.out, t.frame); err != nil {
		s.fail("till %s: %w", t.number, err)
		return false
	}
	t.flight++
	t.written = unwritten
	l.unwritten = append(l.unwritten, t.index)
	if len(l.unwritten) >= s.perWrite {
		s.flush(l)
	}
	return true
}

// perWrite bounds the frames of one write: more gain nothing, and answers are due meanwhile.
const perWrite = 256

// tell writes the chip's data.
func (s *Sender) tell(t *till, r *recipe, m *making) bool {
	s.chance++
	if err := r.tell(t.frame, m, s.Workload.Draw(s.chance)); err != nil {
		s.fail("card %d: %w", t.order.chain.Card, err)
		return false
	}
	return true
}

// answered takes an answer that names this till.
func (s *Sender) answered(at time.Duration, t *till, a *iso8583.Scan) {
	trace, ok := a.Number(iso8583.Trace)
	switch {
	case !t.busy || !ok || uint32(trace) != s.asked(t):
		s.stray(t, uint32(trace))
		return
	case t.written == unwritten:
		s.Desk.Unmatched() // the answer cannot be to what has not left
		return
	case t.tries > 0 && a.MTI() == t.recipe.answer && t.recipe.answer != t.recipe.back.answer:
		s.Desk.Late()
		return
	}
	r := t.recipe
	if t.tries > 0 {
		r = r.back
	}
	good := a.MTI() == r.answer && r.tpl.Echoes(t.frame, a)
	if good && r.tpl.Sealed() {
		input, mac := a.MAC()
		good = t.mac.Verify(input, mac)
	}
	code := a.Bytes(iso8583.AnswerCode)
	good = good && len(code) == 2
	if t.tries > 0 {
		s.reversed(at, t, good && finalReversal(code))
		return
	}
	if !good {
		s.end(at, t, load.Broken, nil)
		s.undo(at, t, [2]byte{'A', '0'})
		return
	}
	if !s.approve[codeOf(code[0], code[1])] {
		s.book.at(t.entry).fact = factDeclined
		s.end(at, t, load.Declined, code)
		s.release(at, t)
		return
	}
	s.book.at(t.entry).fact = factApproved
	s.end(at, t, load.Approved, code)
	s.follow(at, t, a)
	s.release(at, t)
}

// finalReversal: the original is undone, or the host never had it (DOMAIN.md A.12, rule 7).
func finalReversal(code []byte) bool { return string(code) == "00" || string(code) == "25" }

// asked gives the trace number that an answer has to bring back.
func (s *Sender) asked(t *till) uint32 {
	if t.tries > 0 && !t.recipe.sameTrace {
		return t.trace
	}
	return t.sent.trace
}

// stray counts an answer that nobody waits for.
func (s *Sender) stray(t *till, trace uint32) {
	switch {
	case trace == t.before && t.before != 0:
		s.Desk.Duplicate()
	case trace != 0 && trace <= t.trace && t.trace-trace < 1000:
		s.Desk.Late()
	default:
		s.Desk.Unmatched()
	}
}

// end records what became of the order.
func (s *Sender) end(at time.Duration, t *till, end load.End, code []byte) {
	s.sample = load.Sample{Due: t.order.due, Waited: t.order.ready - t.order.due, Written: t.written, Answered: at, Chain: t.order.chain.Number, Terminal: uint32(t.index), STAN: t.sent.trace,
		Kind: t.order.kind(), Leg: uint8(t.order.leg), End: end, Code: [3]byte{' ', ' ', ' '}}
	copy(s.sample.Code[:], code)
	if s.IssuerTook != nil {
		s.sample.Issuer = s.IssuerTook(int(t.index))
	}
	s.crossed[0].Bytes, s.wire = t.frame, s.crossed[:1]
	if end != load.TimedOut {
		s.crossed[1], s.wire = load.Crossed{Answer: true, Bytes: s.heard}, s.crossed[:]
	}
	s.sample.Wire = &s.wire
	s.Desk.Record(&s.sample)
}

// follow has the chain's next leg fall due.
func (s *Sender) follow(at time.Duration, t *till, a *iso8583.Scan) {
	o := &t.order
	if o.leg+1 >= len(o.chain.Part.Legs) {
		return
	}
	first := o.first
	if o.leg == 0 {
		first = t.sent
		copy(first.rrn[:], a.Bytes(iso8583.RRN))
		copy(first.auth[:], a.Bytes(iso8583.AuthCode))
		if !s.byTrace {
			if n, ok := a.Number(iso8583.LocalDate); ok {
				putDigits(first.date[:], n)
			}
		}
	}
	s.open++
	due := o.due + time.Duration(o.chain.Part.Legs[o.leg+1].After)
	s.later.push(order{due: due, ready: max(due, at), chain: o.chain, leg: o.leg + 1, first: first})
}

func putDigits(to []byte, n uint64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = byte('0' + n%10)
		n /= 10
	}
}

// release frees the till.
func (s *Sender) release(now time.Duration, t *till) {
	t.busy, t.tries, t.before = false, 0, t.sent.trace
	s.open--
	s.next(now, t)
}

// next begins the order that has waited longest.
func (s *Sender) next(now time.Duration, t *till) {
	if t.waiting.size() > 0 {
		o := t.waiting.pop()
		o.ready = now
		s.begin(now, t, o)
	}
}

// expire ends the orders whose answers do not come.
func (s *Sender) expire(now time.Duration) {
	patience := s.patience()
	for {
		f, ok := s.flights.first()
		if !ok || f.written+patience > now {
			return
		}
		s.flights.drop()
		t := &s.tills[f.till]
		if !t.busy || t.flight != f.number {
			continue
		}
		at := f.written + patience
		if t.tries > 0 {
			s.reversed(now, t, false)
			continue
		}
		s.end(at, t, load.TimedOut, nil)
		s.undo(now, t, [2]byte{'9', '8'})
	}
}

func (s *Sender) patience() time.Duration {
	if p := time.Duration(s.Workload.Patience); p > 0 {
		return p
	}
	return s.Dialect.Timers.Answer
}

// undo reverses what may have happened (DOMAIN.md A.12).
func (s *Sender) undo(now time.Duration, t *till, reason [2]byte) {
	if !t.recipe.money {
		s.release(now, t)
		return
	}
	t.reason = reason
	s.reverse(now, t)
}

func (s *Sender) reverse(now time.Duration, t *till) {
	t.tries++
	trace := t.sent.trace
	if !t.recipe.sameTrace {
		t.trace = t.trace%999999 + 1
		trace = t.trace
	}
	m := s.making(t, trace)
	m.of, m.reason = &t.sent, t.reason
	if !s.byTrace {
		copy(m.of.date[:], "0000")
	}
	s.book.at(t.entry).fact = factPending
	s.send(t, t.recipe.back, m)
}

// reversed goes on after a reversal: it is done with, or tried again, or put on the exception list.
func (s *Sender) reversed(now time.Duration, t *till, done bool) {
	switch {
	case done:
		s.book.at(t.entry).fact = factReversed
		s.Desk.Reversed()
		s.release(now, t)
	case t.tries >= s.Dialect.Timers.ReversalAttempts:
		s.book.at(t.entry).fact = factException
		s.release(now, t)
	default:
		s.reverse(now, t)
	}
}
