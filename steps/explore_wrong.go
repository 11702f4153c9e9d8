package steps

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/rig"
)

// drawWrongs draws what goes wrong with the messages of an order.
func drawWrongs(p *player, r *rand.Rand, till string, f pay.Flow) (out []wrong) {
	settles := f == pay.Settlement
	if r.IntN(4) > 0 && !settles || settles && r.IntN(3) == 0 {
		return nil
	}
	if settles && r.IntN(2) == 0 {
		return stopped(r)
	}
	one := func(f pay.Flow) wrong {
		all := wrongs()
		if slices.Contains(settling, f) || f == pay.ESignature {
			all = breaking()
		}
		s := all[r.IntN(len(all))]
		s.flow = f
		if !s.answer {
			s.answer = r.IntN(3) > 0
		}
		if f == pay.UploadEnd && p.unbalanced(till) && r.IntN(2) == 0 {
			s.words, s.answer = recounts, false
		}
		return s
	}
	if settles {
		f = settling[r.IntN(len(settling))]
	}
	if p.padded(till) && !settles && r.IntN(3) == 0 {
		f = pay.ESignature
	}
	if p.fetches(till) && r.IntN(2) == 0 {
		f = pay.CAPKDownload
	}
	if p.model.keeps(till) && r.IntN(2) == 0 {
		f = pay.OfflineSale
	}
	out = append(out, one(f))
	if f == pay.CAPKDownload {
		out[0].spared = r.IntN(3)
	}
	if r.IntN(3) == 0 {
		out = append(out, one(pay.Reversal))
	}
	return out
}

// stopped has a message of a settlement not get through again and again, until people are asked.
func stopped(r *rand.Rand) (out []wrong) {
	w := wrong{words: []string{"the line loses {message}", "the line breaks before {message}"}[r.IntN(2)], flow: settling[r.IntN(len(settling))], answer: r.IntN(2) == 0}
	for w.spared = range 3 {
		out = append(out, w)
	}
	return out
}

// settling are the messages of a settlement.
var settling = []pay.Flow{pay.Settlement, pay.BatchUpload, pay.RefundUpload, pay.TCUpload, pay.UploadEnd, pay.UploadEnd, pay.UploadEnd, pay.SignOut}

// breaking are wrongs that break a settlement or an upload off, or repeat a part of it.
func breaking() []wrong {
	var out []wrong
	for _, w := range []string{"the line loses {message}", "the line breaks before {message}", twiceWords, lateWords, powerWords, powerWords, storageWords} {
		out = append(out, wrong{words: w})
	}
	return out
}

// harmless are the words of wrongs that change nothing for people who do their work right.
const twiceWords, piecesWords, lateWords = "the line delivers {message} twice", "the line passes {message} in pieces of 7 bytes", "the line delays {message} by 40 seconds"

func wrongs() []wrong {
	words := []string{"the line loses {message}", "the line loses {message}", "the line loses {message}", twiceWords, twiceWords, piecesWords, lateWords, "the line delays {message} by 90 seconds",
		"the line breaks in the middle of {message}", "the line breaks before {message}", "the line turns {message} into garbage", announced, announced, `the line changes amount of {message} to "000000000001"`,
		noMACWords, powerWords, powerWords, networkWords, storageWords}
	out := make([]wrong, len(words))
	for i, w := range words {
		out[i] = wrong{words: w}
	}
	return out
}

// noMACWords leave an answer that must not be believed.
const noMACWords = "the line takes mac out of {message}"

// What may happen to a till right after it sends or receives a message.
const powerWords, networkWords, storageWords = "{till} loses its power right after {message}", "{till} changes from Wi-Fi to 4G right after {message}",
	"{till} cannot write to its storage right after {message}"

// armed is a wrong that was arranged: its line, and where the fault would strike.
type armed struct {
	wrong
	text string
	rule fault.Rule
	till bool // a mishap of the till, not a fault of the line
}

// arm arranges what goes wrong.
func (p *player) arm(a *act) (all []armed, err error) {
	for _, s := range a.wrongs {
		if s.words == recounts && !p.unbalanced(a.till) { // or the till would take the batch for one that does not balance
			continue
		}
		p.moved[a.till] = p.moved[a.till] || s.words == networkWords
		nth := p.count(s.flow) + 1 + s.spared
		message := nthOf(nth, s.flow)
		one := armed{wrong: s, rule: fault.Rule{Direction: fault.Request, Flow: s.flow, Nth: nth}, till: strings.HasPrefix(s.words, "{till}")}
		if s.answer {
			one.rule.Direction, message = fault.Answer, "the answer to "+message
		}
		if one.till {
			if slices.ContainsFunc(all, func(o armed) bool { return o.till }) { // a till has one mishap at a time
				continue
			}
			how := "sending "
			if s.answer {
				how = "receiving "
			}
			message = how + message
		}
		one.text = strings.NewReplacer("{message}", message, "{till}", strconv.Quote(a.till)).Replace(s.words)
		if err := p.say("Given", one.text); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// disarm takes back what has not struck, and its line: it changed nothing. It gives what struck.
func (p *player) disarm(t *rig.Till, all []armed) (struck []armed) {
	waiting := p.world.Faults().Waiting()
	spared := t.Spare()
	for _, one := range all {
		idle := one.till && spared || slices.ContainsFunc(waiting, func(r fault.Rule) bool {
			return !one.till && r.Direction == one.rule.Direction && r.Flow == one.rule.Flow && r.Nth == one.rule.Nth
		})
		if idle {
			i := slices.Index(p.lines, line{"Given", one.text})
			p.lines = slices.Delete(p.lines, i, i+1)
			continue
		}
		struck = append(struck, one)
	}
	p.faults += len(struck)
	if len(waiting) > 0 {
		p.world.Faults().Clear()
	}
	return struck
}

// harmed tells that something struck which people who do their work right cannot make good within the order.
func harmed(struck []armed) bool {
	return slices.ContainsFunc(struck, func(one armed) bool { return !slices.Contains([]string{twiceWords, piecesWords, lateWords}, one.words) })
}

// count tells how many requests of a flow have crossed.
func (p *player) count(f pay.Flow) int {
	for _, c := range slices.Backward(p.world.Wire) {
		if !c.Answer && c.Flow == f {
			return c.Nth
		}
	}
	return 0
}
