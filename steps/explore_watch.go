package steps

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// watching is what is known of the messages that have crossed, so that the next ones can be held to it.
type watching struct {
	next     int                      // crossing that was not looked at
	sent     map[string]*rig.Crossing // requests, by till, batch and trace number
	heard    map[string]*rig.Crossing // their answers, as the till got them
	totals   map[string]*rig.Crossing // answers to settlements, by till and batch
	owed     map[string]*rig.Crossing // uploads that no answer has come to, by till and batch
	reversed map[string]bool          // whose reversal was given its last word, and the till has got it
}

func newWatching() watching {
	return watching{sent: map[string]*rig.Crossing{}, heard: map[string]*rig.Crossing{}, totals: map[string]*rig.Crossing{}, owed: map[string]*rig.Crossing{},
		reversed: map[string]bool{}}
}

// numbered names a message by till, batch and trace number, and its batch by the first two.
func numbered(c *rig.Crossing) (name, batch string) {
	batch = c.Till + " " + c.Message.Get(iso8583.Batch)
	return batch + " " + c.Message.Get(iso8583.Trace), batch
}

// watch looks at what has crossed since, message by message. What a tester sends is only noted.
func (p *player) watch() error {
	for ; p.watched.next < len(p.world.Wire); p.watched.next++ {
		c := p.world.Wire[p.watched.next]
		if c.Message == nil || p.tester {
			continue
		}
		rules := []func(*rig.Crossing) error{p.zeroes, p.reversalOf, p.uploadAsBefore, p.rowsOf, p.endOf, p.lastWordOf}
		for _, rule := range rules {
			if err := rule(c); err != nil && !c.Answer {
				return err
			}
		}
		t, err := p.till(c.Till)
		if err != nil {
			return err
		}
		p.watched.note(c, p.world.Rig.Dialect, t.Status().State == "off")
	}
	return nil
}

// note remembers a message. Of a till whose power has gone meanwhile nobody knows what it has heard.
func (w *watching) note(c *rig.Crossing, d *iso8583.Dialect, off bool) {
	name, batch := numbered(c)
	code := pay.Answer(c.Message.Get(iso8583.AnswerCode))
	came := c.Answer && c.Note == ""
	switch {
	case !c.Answer && c.Flow == pay.Settlement: // anew
		delete(w.owed, batch)
	case !c.Answer && uploads(c.Flow):
		w.owed[batch] = c
	case !c.Answer && c.Flow != pay.Reversal:
		w.sent[name] = c
		delete(w.heard, name)
	case uploads(c.Flow) && (off || c.Note == "late"):
		delete(w.owed, batch)
	case !came || off:
	case c.Flow == pay.Settlement:
		w.totals[batch] = c
	case uploads(c.Flow):
		if code == pay.Answer00Approved || code == pay.Answer95TotalsDiffer {
			delete(w.owed, batch)
		}
	case c.Flow == pay.Reversal:
		w.reversed[name] = w.reversed[name] || slices.Contains(lastWords, code)
	case d.Answer(code).Category == iso8583.CategoryApproved:
		w.heard[name] = c
	}
}

// lastWords are answers after which a reversal is done with (DOMAIN.md A.12, rule 7).
var lastWords = []pay.Answer{pay.Answer00Approved, pay.Answer12Invalid, pay.Answer25NoOriginal}

// carrying says what a message must carry, as a Then.
func carrying(n int, f pay.Flow, field, value string) string {
	return fmt.Sprintf("%s carries\n      | field | value |\n      | %s | %s |", nthOf(n, f), field, value)
}

// zeroes: numbers go on from 999999 with 000001 (DOMAIN.md A.2, F11; A.8).
func (p *player) zeroes(c *rig.Crossing) error {
	for _, e := range []iso8583.Element{iso8583.Trace, iso8583.Batch} {
		if c.Message.Get(e) == "000000" {
			return p.finds("number", fmt.Sprintf("%s of %s has %s 000000", nthOf(c.Nth, c.Flow), c.Till, e), carrying(c.Nth, c.Flow, e.String(), "000001"))
		}
	}
	return nil
}

// reversalOf holds a reversal to what it takes back: something that has left, whose approval it names if that came (DOMAIN.md A.12, rules 1 and 2),
// and that nobody has told the till to be done with.
func (p *player) reversalOf(c *rig.Crossing) error {
	if c.Flow != pay.Reversal || c.Note == "changed" {
		return nil
	}
	name, _ := numbered(c)
	reason := pay.Answer(c.Message.Get(iso8583.ReversalReason))
	heard, seen := p.watched.heard[name], reason == pay.Answer96Malfunction || reason == pay.Answer06Error
	switch {
	case p.watched.sent[name] == nil && !p.moved[c.Till]:
		return p.finds("reversal", fmt.Sprintf("%s takes back %s, which never left", nthOf(c.Nth, c.Flow), name), fmt.Sprintf("%q does not show REVERSING", c.Till))
	case p.watched.reversed[name] && !p.tornEver[c.Till]:
		return p.finds("reversal", fmt.Sprintf("%s takes back %s, and the host has said its last word about it", nthOf(c.Nth, c.Flow), name), "")
	case p.watched.sent[name] == nil, heard == nil || !seen || !p.world.Rig.Dialect.Carries(pay.Reversal, iso8583.AuthCode):
		return nil
	}
	if code := heard.Message.Get(iso8583.AuthCode); c.Message.Get(iso8583.AuthCode) != code {
		return p.finds("reversal", fmt.Sprintf("%s takes back %s, and does not name the authorization %s that the till has got", nthOf(c.Nth, c.Flow), name, code),
			carrying(c.Nth, c.Flow, iso8583.AuthCode.String(), code))
	}
	return nil
}

// uploadAsBefore: an upload that no answer has come to comes again as it was, and nothing else instead (DOMAIN.md A.13, K.16).
func (p *player) uploadAsBefore(c *rig.Crossing) error {
	if !uploads(c.Flow) || p.tornEver[c.Till] {
		return nil
	}
	_, batch := numbered(c)
	was := p.watched.owed[batch]
	if was == nil || was.Flow == c.Flow && was.Message.Get(iso8583.Trace) == c.Message.Get(iso8583.Trace) {
		return nil
	}
	n := p.count(was.Flow) + 1
	if was.Flow == c.Flow {
		n = c.Nth
	}
	trace := was.Message.Get(iso8583.Trace)
	return p.finds("settlement", fmt.Sprintf("%s of %s (trace %s) follows %s (trace %s), to which no answer has come", nthOf(c.Nth, c.Flow), c.Till, c.Message.Get(iso8583.Trace),
		nthOf(was.Nth, was.Flow), trace), carrying(n, was.Flow, "trace", trace))
}

// singly are the uploads of what is not told by rows (DOMAIN.md A.13).
var singly = map[pay.Flow]pay.Flow{pay.Refund: pay.RefundUpload, pay.MOTORefund: pay.RefundUpload, pay.OfflineSale: pay.OfflineUpload,
	pay.CompletionAdvice: pay.CompletionUpload, pay.MOTOCompletionAdvice: pay.CompletionUpload}

// rowsOf holds the rows of a detail upload to the batch: eight at most, and none of what has an upload of its own (DOMAIN.md A.13).
func (p *player) rowsOf(c *rig.Crossing) error {
	if c.Flow != pay.BatchUpload || c.Note == "changed" {
		return nil
	}
	rows, err := iso8583.ParseBatchRows(c.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil { // the host says so
		return nil
	}
	if len(rows) > iso8583.MaxBatchRows {
		return p.finds("settlement", fmt.Sprintf("%s of %s has %d rows", nthOf(c.Nth, c.Flow), c.Till, len(rows)), fmt.Sprintf("%s has %d rows", nthOf(c.Nth, c.Flow), iso8583.MaxBatchRows))
	}
	for _, row := range rows {
		s, ok := p.said(c.Till, c.Message.Get(iso8583.Batch), row.Trace)
		if f := singly[s.Ref.Flow]; ok && f != "" {
			return p.finds("settlement", fmt.Sprintf("%s of %s has a row about trace %s, a %s, which is uploaded by itself", nthOf(c.Nth, c.Flow), c.Till, row.Trace, s.Ref.Flow),
				carrying(p.count(f)+1, f, "trace", row.Trace))
		}
	}
	return nil
}

// said is the last that a till's journal says of a payment.
func (p *player) said(till, batch, trace string) (last audit.Statement, ok bool) {
	t, err := p.till(till)
	if err != nil {
		return last, false
	}
	for _, s := range t.Statements() {
		if s.Batch == nil && s.Ref.Batch == batch && s.Ref.Trace == trace {
			last, ok = s, true
		}
	}
	return last, ok
}

// endOf holds the end of an upload to the host's judgement of the totals: 207 where they balanced, 202 where they did not (DOMAIN.md A.5.1).
func (p *player) endOf(c *rig.Crossing) error {
	_, batch := numbered(c)
	answer := p.watched.totals[batch]
	if c.Flow != pay.UploadEnd || answer == nil {
		return nil
	}
	s, err := iso8583.ParseSettlement(answer.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil {
		return nil
	}
	want := "202"
	if max(s.Domestic.Result, s.Foreign.Result) == iso8583.ResultBalanced && pay.Answer(answer.Message.Get(iso8583.AnswerCode)) != pay.Answer95TotalsDiffer {
		want = "207"
	}
	if got := c.Message.Get(iso8583.NetworkCode); got != want {
		return p.finds("settlement", fmt.Sprintf("%s of %s says %s, and by the answer to the settlement it should be %s", nthOf(c.Nth, c.Flow), c.Till, got, want),
			carrying(c.Nth, c.Flow, "network_code", want))
	}
	return nil
}

// lastWordOf: what a chip's upload has is the chip's last word, not that of its request (DOMAIN.md A.13, EMV Book 3, 9.3).
func (p *player) lastWordOf(c *rig.Crossing) error {
	name, _ := numbered(c)
	asked := p.watched.sent[name]
	if c.Flow != pay.TCUpload || asked == nil {
		return nil
	}
	cryptogram := func(c *rig.Crossing) string {
		objects, err := tlv.Parse([]byte(c.Message.Get(iso8583.Chip)), tlv.Tolerant)
		i := slices.IndexFunc(objects, func(o tlv.Object) bool { return o.Tag == 0x9F26 })
		if err != nil || i < 0 {
			return ""
		}
		return string(objects[i].Value)
	}
	if now := cryptogram(c); now != "" && now == cryptogram(asked) {
		return p.finds("chip", fmt.Sprintf("%s of %s has the cryptogram of %s", nthOf(c.Nth, c.Flow), c.Till, nthOf(asked.Nth, asked.Flow)),
			fmt.Sprintf(`%s and %s differ in chip tag "9F26"`, nthOf(asked.Nth, asked.Flow), nthOf(c.Nth, c.Flow)))
	}
	return nil
}
