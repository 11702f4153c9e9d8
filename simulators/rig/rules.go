package rig

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// ruleSet is what the parties of a world decide from.
type ruleSet struct {
	acquirer *acquirer.Rules
	issuer   *issuer.Rules
	terminal *terminal.Rules
	card     *card.Rules
	wallet   *wallet.Rules
	merchant *merchant.Rules
	atHost   []string // armed defects of acquirer, issuer, wallets and office, for a host in another process
	atTill   []string // armed defects of tills, cards and shops' desks
}

// Defect describes a defect that can be armed.
type Defect struct {
	Name     string `json:"name"`
	Party    string `json:"party"`
	Category string `json:"category"`
	Text     string `json:"text"`
	Why      string `json:"why"`
}

// Defects lists every defect of every party.
func Defects() []Defect {
	return slices.Concat(described("acquirer", acquirer.Defects()), described("issuer", issuer.Defects()), described("terminal", terminal.Defects()),
		described("card", card.Defects()), described("kernel", kernel.Defects()), described("wallet", wallet.Defects()), described("merchant", merchant.Defects()))
}

func described[R any](party string, list []pay.Defect[R]) []Defect {
	out := make([]Defect, len(list))
	for i, d := range list {
		out[i] = Defect{Name: d.Name, Party: party, Category: d.Category, Text: d.Text, Why: d.Why}
	}
	return out
}

// armed gives the reference rules with the named defects in them.
func armed(names []string) (ruleSet, error) {
	a, i, t, c, v, m := acquirer.Reference(), issuer.Reference(), terminal.Reference(), card.Reference(), wallet.Reference(), merchant.Reference()
	r := ruleSet{acquirer: &a, issuer: &i, terminal: t, card: &c, wallet: &v, merchant: &m}
	for _, name := range names {
		switch {
		case arm(r.acquirer, acquirer.Defects(), name), arm(r.issuer, issuer.Defects(), name), arm(r.wallet, wallet.Defects(), name),
			arm(r.merchant, merchant.OfficeDefects(), name):
			r.atHost = append(r.atHost, name)
		case arm(r.terminal, terminal.Defects(), name), arm(r.terminal.Kernel, kernel.Defects(), name), arm(r.card, card.Defects(), name),
			arm(r.merchant, merchant.DeskDefects(), name):
			r.atTill = append(r.atTill, name)
		default:
			return r, fmt.Errorf("defect %q: there is no such defect: see `tillproof selfcheck --list`", hideDigits(name))
		}
	}
	return r, nil
}

func arm[R any](rules *R, list []pay.Defect[R], name string) bool {
	for _, d := range list {
		if d.Name == name {
			d.Edit(rules)
			return true
		}
	}
	return false
}
