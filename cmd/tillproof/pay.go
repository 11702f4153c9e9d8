package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// payFlags are the flags of `tillproof pay`.
type payFlags struct {
	card, pin, like string
	contactless     bool
	wait            time.Duration
	seed            uint64
}

func payCommand() *cobra.Command {
	var f payFlags
	c := &cobra.Command{
		Use:   "pay AMOUNT --card vpcd:ADDRESS|pcsc[:READER]",
		Short: "Sell once to a stranger's card",
		Long: "Run one sale at our till with a card that is not ours: the terminal's kernel drives it, the embedded acquirer answers.\n\n" +
			"--card vpcd:ADDRESS listens there for a program that emulates a card and speaks vsmartcard's protocol, as `tillproof card`\n" +
			"does; --card pcsc takes a card in a real reader, the first one or the one whose name begins so (in a build with -tags pcsc).\n" +
			"Every APDU is printed by name, without card numbers, tracks and PINs; then how the sale ended, and what the terminal\n" +
			"decided, bit by bit. The card's number stays in this process.\n\n" +
			"Nobody here has a stranger's keys: his cryptogram is not verified, which is said, and a card that wants its issuer's proof\n" +
			"declines in the end. --like NAME names the shipped card (tillproof card) whose issuer's keys the card is made with.\n\n" +
			"Exit codes: 0 approved, 1 not approved, 2 there is no card or no reader.",
		Example: "  tillproof pay 10.00 --card vpcd:127.0.0.1:35964\n  tillproof pay 10.00 --card vpcd:127.0.0.1:35964 --like unionpay-debit --pin 246813",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.sell(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	}
	c.Flags().StringVar(&f.card, "card", "", "where the card is: vpcd:ADDRESS, pcsc, or pcsc:READER")
	c.Flags().StringVar(&f.pin, "pin", "", "what the cardholder enters when he is asked (default: nothing)")
	c.Flags().StringVar(&f.like, "like", "", "shipped card whose issuer's keys the card is made with")
	c.Flags().BoolVar(&f.contactless, "contactless", false, "the card is in the field, not in the slot")
	c.Flags().DurationVar(&f.wait, "wait", 5*time.Second, "the longest to wait for an answer of the card")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "seed of keys and numbers (default: a fresh one)")
	_ = c.MarkFlagRequired("card") // it is there
	return c
}

// sell makes the sale and tells of it.
func (f *payFlags) sell(ctx context.Context, out io.Writer, text string) error {
	if !strings.Contains(text, " ") {
		text += " CNY"
	}
	amount, err := pay.ParseAmount(text)
	if err != nil {
		return err
	}
	if f.like != "" {
		if _, err := card.Load(fixtures.FS, f.like); err != nil {
			return err
		}
	}
	if f.seed == 0 {
		f.seed = freshSeed()
	}
	r, err := rig.New(rig.Options{Line: rig.LineSocket, Defects: rig.StrangersDefects(f.like)})
	if err != nil {
		return err
	}
	w, err := r.World(ctx, sim.Seed(f.seed), "")
	if err != nil {
		return err
	}
	defer w.Close()
	till, err := w.Till("T1")
	if err == nil {
		err = till.SignIn()
	}
	if err != nil {
		return err
	}
	say := func(line string) { _, _ = fmt.Fprintln(out, line) } // a log nobody reads
	reader, closed, err := f.reader(ctx, say)
	if err != nil {
		return err
	}
	defer closed()
	s := &rig.Stranger{Reader: reader, On: card.Contact, PIN: f.pin, Like: f.like, Watch: say}
	if f.contactless {
		s.On = card.Contactless
	}
	e, decided, err := till.Sell(s, amount)
	if err != nil {
		return err
	}
	say(cmp.Or(decided, "the terminal came to no decision about the card"))
	if decided != "" && f.like == "" {
		say("the cryptogram is unverified: nobody here has the card's keys")
	}
	say(strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Answer, e.Screen)))
	if e.Kind != terminal.Approved {
		return exitCode(reports.ExitFailed)
	}
	return nil
}

// reader finds the card.
func (f *payFlags) reader(ctx context.Context, say func(string)) (rig.Reader, func(), error) {
	kind, where, _ := strings.Cut(f.card, ":")
	switch kind {
	case "vpcd":
		l, err := net.Listen("tcp", where)
		if err != nil {
			return nil, nil, fmt.Errorf("pay: %w", err)
		}
		say("waiting for a card at " + l.Addr().String())
		v, err := rig.AcceptVPCD(ctx, l, f.wait)
		if err != nil {
			return nil, nil, err
		}
		return v, func() { _ = v.Close() }, l.Close()
	case "pcsc":
		p, err := rig.OpenPCSC(where)
		if err != nil {
			return nil, nil, err
		}
		return p, p.Close, nil
	}
	return nil, nil, fmt.Errorf("--card %s: want vpcd:ADDRESS, pcsc or pcsc:READER", f.card)
}
