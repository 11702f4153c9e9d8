package rig

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Conditions of the acquirer that an Arrangement may name.
const (
	ConditionNormal      = "normal"
	ConditionMaintenance = "maintenance" // everything is answered 96
	ConditionCutOver     = "cut-over"    // everything is answered 90
	ConditionSilent      = "silent"      // requests are taken and nothing happens
	ConditionNoIssuer    = "no-issuer"   // the line to the issuer is down
	ConditionSlow        = "slow"        // answers leave Delay later
	ConditionBehind      = "behind"      // of the issuer: payments reach it Delay late, and reversals overtake them
	ConditionAnswers     = "answers"     // the Nth request of Flow is answered with Answer
	ConditionMute        = "mute"        // of a wallet: requests are done, and nobody is told
	ConditionRefuses     = "refuses"     // of the bank: a merchant's account takes nothing
	ConditionRevoked     = "revoked"     // of the bank: a payer's card is
	ConditionUnsure      = "unsure"      // of a wallet: what is done is answered as unknown
	ConditionDiskSlow    = "disk-slow"   // each write of that party takes Delay
	ConditionDiskFull    = "disk-full"   // no write of that party finds room, and it falls silent
	ConditionDiskRoom    = "disk-room"   // neither any more; a party that is silent has to be started again
	ConditionClockJump   = "clock-jump"  // the clock of the host's machine jumps by Delay, which may be negative
)

// Statuses of a terminal or merchant at the host that an Arrangement may name.
const (
	StatusDisabled  = "disabled"
	StatusUnknown   = "unknown"
	StatusKnown     = "known"
	StatusSignedOut = "signed-out"
	StatusAskSignIn = "ask-sign-in" // the next answer asks the terminal to sign in again
	StatusAskStatus = "ask-status"  // ... for the state of its devices
)

// Statuses of a payer at a wallet that an Arrangement may name.
const (
	PayerUsual   = "usual"
	PayerBlocked = "blocked"
	PayerAsked   = "asked" // for the password at every payment
)

// Arrange implements Control.
func (h *host) Arrange(_ context.Context, a Arrangement) error {
	switch {
	case h.wallets != nil && h.wallets.town.has(a.Party):
		return h.wallets.arrange(a)
	case h.office != nil && (a.Party == partyBank || a.Party == partyShop || a.Party == partyGateway):
		return h.office.arrange(a)
	case a.Party != "acquirer" && a.Party != "issuer":
		return fmt.Errorf("there is no party %q to arrange: want acquirer or issuer, or a wallet or the bank when they are open", a.Party)
	case a.Terminal != "":
		return h.arrangeTerminal(a)
	case a.Merchant != "":
		return h.arrangeMerchant(a)
	case a.Card != "":
		return h.arrangeCard(a)
	case slices.Contains(machineConditions(), a.Condition):
		return h.trouble(a)
	case a.Party == "issuer" && a.Script != nil:
		return h.playScript(a.Script)
	case a.Party == "issuer":
		return h.arrangeIssuer(a)
	}
	return h.arrangeAcquirer(a)
}

func (h *host) arrangeAcquirer(a Arrangement) error {
	if a.Awkward != nil || a.Quirk != "" {
		return h.grease.arrange(a)
	}
	if a.Publish != "" {
		sets, ok := h.editions[nextEdition][acquirer.Download(a.Publish)]
		if !ok {
			return fmt.Errorf("acquirer: there is no next edition of %q: want aids, capks or contactless", a.Publish)
		}
		h.acquirer.Publish(acquirer.Download(a.Publish), "", sets)
		return nil
	}
	var c acquirer.Condition
	switch a.Condition {
	case ConditionNormal:
		h.script.lines = nil
	case ConditionMaintenance:
		c.Answer = pay.Answer96Malfunction
	case ConditionCutOver:
		c.Answer = pay.Answer90CutOver
	case ConditionSilent:
		c.Silent = true
	case ConditionNoIssuer:
		c.NoIssuer = true
	case ConditionSlow:
		c.Delay = a.Delay
	case ConditionAnswers:
		h.script.lines = append(h.script.lines, scriptLine{a.Flow, a.Nth, a.Answer})
		return nil
	default:
		return fmt.Errorf("acquirer: there is no condition %q", a.Condition)
	}
	h.acquirer.SetCondition(c)
	return nil
}

func (b *bank) arrangeIssuer(a Arrangement) error {
	b.network.delay = 0
	switch a.Condition {
	case ConditionBehind:
		b.network.delay = a.Delay
	case ConditionNormal:
		b.issuer.SetCondition(issuer.Condition{})
	case ConditionSilent:
		b.issuer.SetCondition(issuer.Condition{Down: true})
	case ConditionSlow:
		b.issuer.SetCondition(issuer.Condition{Delay: a.Delay})
	case ConditionMaintenance:
		b.issuer.SetCondition(issuer.Condition{Answer: pay.Answer96Malfunction})
	default:
		return fmt.Errorf("issuer: there is no condition %q", a.Condition)
	}
	return nil
}

// playScript begins a script now; one without stages ends that which runs.
func (b *bank) playScript(s *IssuerScript) error {
	if err := s.check(); err != nil {
		return err
	}
	b.network.play = nil
	if len(s.Stages) > 0 {
		b.network.play = &play{stages: s.Stages, begun: b.life.now(), chance: b.seed.Stream("issuer script"), trace: b.trace}
	}
	return nil
}

func (h *host) arrangeTerminal(a Arrangement) error {
	if !slices.Contains([]string{"", StatusDisabled, StatusUnknown, StatusKnown, StatusSignedOut, StatusAskSignIn, StatusAskStatus}, a.Status) {
		return fmt.Errorf("terminal %s: there is no status %q", a.Terminal, a.Status)
	}
	if err := h.publishParameters(a); err != nil {
		return err
	}
	return h.acquirer.UpdateTerminal(a.Terminal, func(t *acquirer.Terminal) {
		switch a.Status {
		case StatusDisabled:
			t.State = acquirer.Disabled
		case StatusUnknown:
			t.Unlisted = true
		case StatusKnown:
			t.Unlisted = false
			if t.State == acquirer.Disabled {
				t.State = acquirer.Initial
			}
		case StatusSignedOut:
			t.State = acquirer.SignedOut
		case StatusAskSignIn:
			t.SignInAgain = true
		case StatusAskStatus:
			t.AskStatus = true
		}
		if a.MinVersion != "" {
			t.MinVersion = a.MinVersion
		}
		if a.Batch != "" {
			t.Batch = a.Batch
		}
		if a.Place != "" {
			t.Place = a.Place
		}
	})
}

// publishParameters gives a terminal new parameters, with what it had and the version that its software must have.
func (h *host) publishParameters(a Arrangement) error {
	if a.MinVersion == "" && len(a.Parameters) == 0 {
		return nil
	}
	p := h.acquirer.Parameters(a.Terminal)
	maps.Copy(p, a.Parameters)
	if a.MinVersion != "" {
		p[iso8583.Parameter91Version] = a.MinVersion
	}
	text, err := p.Text()
	if err != nil {
		return fmt.Errorf("terminal %s: %w", a.Terminal, err)
	}
	h.acquirer.Publish(acquirer.Parameters, a.Terminal, [][]byte{[]byte(text)})
	return nil
}

func (h *host) arrangeMerchant(a Arrangement) error {
	if !slices.Contains([]string{StatusDisabled, StatusUnknown, StatusKnown}, a.Status) {
		return fmt.Errorf("merchant %s: there is no status %q", a.Merchant, a.Status)
	}
	return h.acquirer.UpdateMerchant(a.Merchant, func(m *acquirer.Merchant) { m.Closed = a.Status != StatusKnown })
}

func (b *bank) arrangeCard(a Arrangement) error {
	if a.Command != "" {
		return b.issuer.SendScript(a.Card, issuer.Script{Kind: issuer.ScriptKind(a.Command), Before: a.Before}, a.NewPIN.Secret)
	}
	return b.issuer.UpdateCard(a.Card, func(c *issuer.Account) {
		if a.Status != "" {
			c.Status = issuer.Status(a.Status)
		}
		if a.PINTries != nil {
			c.Tries = *a.PINTries
		}
	})
}

func (b *bank) addCard(c CardSeed) error {
	return b.issuer.AddCard(issuer.Card{Name: c.Name, PAN: pay.NewPAN(c.PAN.Reveal()), Expiry: c.Expiry, Service: c.Service, PIN: c.PIN.Secret,
		Balance: c.Balance, Status: issuer.Status(c.Status), MaxPINTries: c.PINTries, PickUp: c.PickUp,
		Limits: issuer.Limits{PerSale: c.PerSale, PerDay: c.PerDay, DayCount: c.DayCount}, Chip: c.Chip.chip(), Token: c.Token.token(),
		Wallet: issuer.WalletLevel(c.Wallet)})
}

// PayerCode implements Control.
func (b *bank) PayerCode(_ context.Context, card string) (CodeGiven, error) {
	code, until, err := b.issuer.PayerCode(b.life.now(), card)
	return CodeGiven{Code: NewClear(code.Reveal()), Until: until}, err
}

// script stands before the acquirer and dictates the answers that a scenario wants.
type script struct {
	host  *host
	lines []scriptLine
	seen  map[pay.Flow]int
}

type scriptLine struct {
	flow   pay.Flow
	nth    int // 0: every
	answer pay.Answer
}

// Serve implements iso8583.Handler.
func (s *script) Serve(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if spec, answer, ok := s.host.dialect.Identify(req); ok && !answer {
		s.seen[spec.Flow]++
		for _, line := range s.lines {
			if line.flow == spec.Flow && (line.nth == 0 || line.nth == s.seen[spec.Flow]) {
				s.host.acquirer.AnswerNext(line.answer)
				break
			}
		}
	}
	s.host.acquirer.Serve(now, req, out)
}
