package steps

import (
	"context"
	"slices"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Demo plays a sign-in, a purchase, and a purchase whose answer is lost, in memory, and gives them as a story in a language
// (en, zh). One seed gives one story.
func Demo(ctx context.Context, lang string, seed sim.Seed) (*reports.Story, error) {
	words, err := terminal.LoadTexts(fixtures.FS, "demo."+lang)
	if err != nil {
		return nil, err
	}
	r, err := rig.New(rig.Options{Line: rig.LineMemory, Lang: lang})
	if err != nil {
		return nil, err
	}
	w, err := r.World(ctx, seed, "")
	if err != nil {
		return nil, err
	}
	defer w.Close()
	d := demo{world: w, chinese: lang == "zh", story: &reports.Story{Words: func(id string, args ...string) string {
		if !words.Has(id) {
			return ""
		}
		return words.Words(id, args...)
	}}}
	return d.story, d.play()
}

// demo plays a story and takes it down.
type demo struct {
	world   *rig.World
	story   *reports.Story
	chinese bool
}

func (d *demo) play() error {
	till, err := d.world.Till("T1")
	if err != nil {
		return err
	}
	alice, err := d.world.Card("Alice")
	if err != nil {
		return err
	}
	ten := pay.Amount{Minor: 1000, Currency: pay.Currency156CNY}
	swipe := func() error { return till.Swipe(alice.Name, ten, rig.PINRight) }
	d.story.Cast = []string{alice.Name, ten.String()}
	if d.chinese {
		d.story.Cast[0] = alice.NameZh
	}
	if err := d.chapter(reports.Chapter{Name: "sign-in", Brief: true}, till.SignIn); err != nil {
		return err
	}
	sale := reports.Chapter{Name: "purchase", Checks: map[string][]string{"acquirer": acquirerChecks(), "issuer": issuerChecks()}}
	if err := d.chapter(sale, swipe); err != nil {
		return err
	}
	lost := fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 2, Do: fault.Fault{Kind: fault.Lose}}
	if err := d.world.Faults().Arm(lost); err != nil {
		return err
	}
	return d.chapter(reports.Chapter{Name: "lost", Brief: true}, swipe)
}

// chapter does something and adds what happened to the story, with what became of the money if any moved.
func (d *demo) chapter(c reports.Chapter, do func() error) error {
	from := len(d.world.Events())
	before, err := d.world.Statements()
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	c.Events = d.world.Events()[from:]
	after, err := d.world.Statements()
	if err != nil {
		return err
	}
	c.Accounts, c.Statements = accounts(before, after), len(after)
	for _, b := range audit.Judge(slices.Values(after)) {
		c.Breaks = append(c.Breaks, reports.Break{Rule: b.Rule, Text: b.Text})
	}
	asked := d.world.Trace.Consulted()
	for party, checks := range c.Checks {
		c.Checks[party] = slices.DeleteFunc(checks, func(name string) bool { return !slices.Contains(asked, name) })
	}
	d.story.Chapters = append(d.story.Chapters, c)
	return nil
}

// accounts gives the accounts that payments go through, with what they held before and after.
func accounts(before, after []audit.Statement) []reports.Account {
	held := func(s audit.Statement) string {
		for _, b := range before {
			if b.Fact == s.Fact && b.Party == s.Party && b.Account == s.Account {
				return b.Amount.String()
			}
		}
		return pay.Amount{Currency: s.Amount.Currency}.String() // it was opened since
	}
	var list []reports.Account
	for _, s := range after {
		if s.Fact == audit.Balance && s.Account != audit.OpeningOf(s.Amount.Currency) {
			list = append(list, reports.Account{Books: s.Party, Name: s.Account, Before: held(s), After: s.Amount.String()})
		}
	}
	return list
}

// acquirerChecks names what the acquirer asks of a sale, in order.
func acquirerChecks() []string {
	var names []string
	for _, f := range acquirer.Reference().Flows {
		if f.Flow == pay.Sale {
			for _, c := range f.Checks {
				names = append(names, "acquirer/"+c.Name)
			}
		}
	}
	return names
}

// issuerChecks names what the issuer asks of a sale, in order.
func issuerChecks() []string {
	var names []string
	for _, f := range issuer.Reference().Flows {
		if f.Flow == pay.Sale {
			for _, c := range f.Checks {
				names = append(names, "issuer/"+c.Name)
			}
		}
	}
	return append(names, "issuer/funds")
}
