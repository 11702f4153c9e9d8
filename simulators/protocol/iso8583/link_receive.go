package iso8583

import (
	"errors"
	"slices"
	"time"
)

// receive takes a chunk and deals with each frame that is whole now.
func (l *Link) receive(now time.Time, chunk []byte, out *LinkActions) {
	l.inbox.Add(chunk)
	for {
		frame, ok, err := l.inbox.Next()
		switch {
		case err != nil:
			l.unreadable(now, err, out)
			return
		case !ok:
			return
		case len(frame) > 0: // an empty one is a keep-alive
			l.frame(now, frame, out)
		}
	}
}

// unreadable hangs up: where the next frame begins can no longer be known.
func (l *Link) unreadable(now time.Time, err error, out *LinkActions) {
	t := Trouble{Cause: BadFrame, Why: err.Error()}
	if len(l.flight) == 0 {
		out.add(LinkAction{Kind: LinkStray, Trouble: t})
	}
	out.add(LinkAction{Kind: LinkHangup, Line: l.line})
	l.down(now, t, out)
}

// frame delivers an answer, or says why a frame is none that was waited for.
func (l *Link) frame(now time.Time, frame []byte, out *LinkActions) {
	m := l.config.Dialect.New()
	if err := l.config.Dialect.Decode(m, frame); err != nil {
		l.stray(frame, nil, undecodable(err), out)
		return
	}
	key := l.config.Dialect.Key(m)
	if isAnswer(m) {
		if l.deliver(now, key, m, out) {
			return
		}
		for i := len(l.finished) - 1; i >= 0; i-- {
			f := &l.finished[i]
			if f.key != key {
				continue
			}
			t := Trouble{Cause: Late, Late: now.Sub(f.at)}
			if f.answered {
				t = Trouble{Cause: Duplicate}
			}
			f.answered = true
			l.stray(frame, m, t, out)
			return
		}
	}
	l.stray(frame, m, Trouble{Cause: Unmatched}, out)
}

// deliver hands an answer to the request with that key; false when none is in flight.
func (l *Link) deliver(now time.Time, key Key, m *Message, out *LinkActions) bool {
	i := slices.IndexFunc(l.flight, func(r *request) bool { return r.key == key })
	if i < 0 {
		return false
	}
	r := l.flight[i]
	l.flight = slices.Delete(l.flight, i, i+1)
	for _, other := range l.flight {
		other.others++
	}
	l.stop(&r.timer, out)
	l.remember(finished{key: key, at: now, answered: true})
	l.spent = true
	out.add(LinkAction{Kind: LinkDeliver, Ticket: r.ticket, Message: m})
	return true
}

// stray reports a frame that ends no exchange. Whoever times out later may learn from it why.
func (l *Link) stray(frame []byte, m *Message, t Trouble, out *LinkActions) {
	for _, r := range l.flight {
		r.others++
		own := t
		if t.Cause == Unmatched {
			own.Nearest = l.differences(r.key, m)
		}
		if t.Cause != Late && t.Cause != Duplicate && r.learns(own) {
			r.seen = &own
		}
	}
	if t.Cause == Unmatched {
		for _, r := range l.flight {
			if d := l.differences(r.key, m); t.Nearest == nil || len(d) < len(t.Nearest) {
				t.Nearest = d
			}
		}
	}
	out.add(LinkAction{Kind: LinkStray, Frame: frame, Message: m, Trouble: t})
}

// learns tells that t explains a missing answer better than what was seen before: anything is better than nothing, and
// of two unmatched answers the nearer.
func (r *request) learns(t Trouble) bool {
	return r.seen == nil || r.seen.Cause == Unmatched && t.Cause == Unmatched && len(t.Nearest) < len(r.seen.Nearest)
}

// differences names what keeps m from being the answer to a request with that key.
func (l *Link) differences(key Key, m *Message) []Difference {
	want, came := key.Parts(), l.config.Dialect.Key(m).Parts()
	var list []Difference
	if came[0] != want[0] || !isAnswer(m) {
		list = append(list, Difference{Element: "message type", Want: want[0], Came: m.MTI()})
	}
	for i, e := range l.keys {
		if came[i+1] != want[i+1] {
			list = append(list, Difference{Element: e.String(), Want: maskedKey(e, want[i+1]), Came: maskedKey(e, came[i+1])})
		}
	}
	return list
}

func undecodable(err error) Trouble {
	var at *DecodeError
	if errors.As(err, &at) {
		return Trouble{Cause: Undecodable, Field: at.Field, Offset: at.Offset, Why: at.Err.Error()}
	}
	return Trouble{Cause: Undecodable, Field: "frame", Why: err.Error()}
}

// isAnswer tells by the third digit of the MTI, which is odd in answers (ISO 8583-1, message function).
func isAnswer(m *Message) bool {
	mti := m.MTI()
	return len(mti) == 4 && mti[2]&1 == 1
}
