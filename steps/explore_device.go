package steps

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// signs has the cardholder sign on the pad where the till asks for it, or not.
func (p *player) signs(a *act, t *rig.Till) error {
	switch {
	case t.Need() != terminal.NeedSignature:
		return nil
	case a.choice%6 == 5:
		return p.say("When", fmt.Sprintf("%s does not sign at %q", a.who, a.till))
	}
	p.penned[a.id] = true
	return p.say("When", fmt.Sprintf("%s signs at %q", a.who, a.till))
}

// unsigned gives the payments of a till that were signed and whose signature the host does not hold.
func (p *player) unsigned(till string) (all []*payment, err error) {
	for _, o := range p.model.payments {
		if !o.signed || o.till != till || !o.stands || !o.answered || o.doubtful || o.open {
			continue
		}
		if s, err := p.acquirer(o); err != nil || s.Fact == audit.Charged { // whose bank did not pay
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, c := range p.world.Wire {
			if c.Answer || c.Flow != o.flow || c.Nth != o.nth {
				continue
			}
			held, err := p.world.Signed(c, o.who)
			if err != nil {
				return nil, err
			}
			if o.signed = held != "signed"; o.signed {
				all = append(all, o)
			}
			break
		}
	}
	return all, nil
}

// signatures: what somebody has signed is with the host when all is quiet.
func (p *player) signatures() error {
	for _, t := range p.world.Tills() {
		all, err := p.unsigned(t.Name)
		if err != nil {
			return err
		}
		for _, o := range all {
			return p.finds("signature", fmt.Sprintf("the host does not hold %s's signature under %s at %s", o.who, nthOf(o.nth, o.flow), t.Name),
				fmt.Sprintf("the host holds %s's signature under %s", o.who, nthOf(o.nth, o.flow)))
		}
	}
	return nil
}

// announced is where the length of an answer is nonsense.
const announced = "the line announces {message} as 9000 bytes long"

// patient finds a till that waits for as many bytes as no message has.
func (p *player) patient(made *payment, struck []armed, took time.Duration) error {
	if len(struck) != 1 || len(p.unwell) > 0 || struck[0].words != announced || !struck[0].answer || struck[0].flow != made.flow || took < p.world.Rig.Dialect.Timers.Answer {
		return nil
	}
	return p.finds("line", fmt.Sprintf("%s waits for the 9000 bytes that %s announces, and no message is so long", made.till, "the answer to "+nthOf(made.nth, made.flow)), "")
}

// fetches tells that a till has still to fetch the CA keys that its host has.
func (p *player) fetches(till string) bool {
	return p.published && !slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool { return c.Till == till && c.Flow == pay.CAPKEnd })
}

// downloads: what has come of a list is not fetched again, whatever has interrupted the download.
func (p *player) downloads() error {
	first, err := iso8583.ListQuery(0)
	if err != nil {
		return err
	}
	came, spoilt := map[string]int{}, maps.Clone(p.tornEver)
	for _, c := range p.world.Wire {
		switch {
		case c.Flow == pay.CAPKEnd:
			came[c.Till] = 0
		case c.Flow == pay.CAPKDownload && c.Answer && c.Note != "":
			spoilt[c.Till] = spoilt[c.Till] || c.Note == "changed" || c.Note == "garbage"
		case c.Flow == pay.CAPKDownload && c.Answer:
			came[c.Till]++
		case c.Flow == pay.CAPKQuery && !c.Answer && c.Message.Get(iso8583.Parameters) == first && came[c.Till] > 0 && !spoilt[c.Till]:
			return p.finds("download", fmt.Sprintf("%s fetches its CA keys from the start, and %d have come", c.Till, came[c.Till]), "")
		}
	}
	return nil
}
