package rig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
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
	atHost   []string // armed defects of acquirer and issuer, for a host in another process
	atTill   []string // armed defects of tills, cards and wallets, which sit with the tills
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
		described("card", card.Defects()), described("kernel", kernel.Defects()), described("wallet", walletDefects()))
}

// walletDefects are those that a scenario can meet: none waits a year.
func walletDefects() []pay.Defect[wallet.Rules] {
	return slices.DeleteFunc(wallet.Defects(), func(d pay.Defect[wallet.Rules]) bool { return d.Name == "wallet-refunds-late" })
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
	a, i, t, c, v := acquirer.Reference(), issuer.Reference(), terminal.Reference(), card.Reference(), wallet.Reference()
	r := ruleSet{acquirer: &a, issuer: &i, terminal: t, card: &c, wallet: &v}
	for _, name := range names {
		switch {
		case arm(r.acquirer, acquirer.Defects(), name), arm(r.issuer, issuer.Defects(), name):
			r.atHost = append(r.atHost, name)
		case arm(r.terminal, terminal.Defects(), name), arm(r.terminal.Kernel, kernel.Defects(), name), arm(r.card, card.Defects(), name),
			arm(r.wallet, walletDefects(), name):
			r.atTill = append(r.atTill, name)
		default:
			return r, fmt.Errorf("defect %q: there is no such defect; there are %s", hideDigits(name), strings.Join(defectNames(), ", "))
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

func defectNames() []string {
	var names []string
	for _, d := range Defects() {
		names = append(names, d.Name)
	}
	return names
}
