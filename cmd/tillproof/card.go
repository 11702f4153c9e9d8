package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// cardFlags are the flags of `tillproof card`.
type cardFlags struct {
	vpcd, listen string
	contactless  bool
	confirm      bool
	seed         uint64
}

func cardCommand() *cobra.Command {
	var f cardFlags
	c := &cobra.Command{
		Use:   "card [NAME|FILE]",
		Short: "Put an emulated card into a PC/SC reader",
		Long: "Put an emulated chip card into the virtual reader of vsmartcard (vpcd), so that any PC/SC program sees it: a shipped\n" +
			"card by its name, or a card file (fixtures/cards/chip/README.md). Without a name it lists the shipped cards.\n\n" +
			"--vpcd goes to a reader that listens; --listen waits for one that is told to come here (DEVICENAME 127.0.0.1:0x8C7B).\n" +
			"Every APDU is printed by name, without card numbers, tracks and PINs. Ctrl-C takes the card out and ends with code 0;\n" +
			"2 says that there is no such card or no reader.",
		Example: "  tillproof card\n  tillproof card unionpay-debit\n  tillproof card my-card.yaml --contactless --listen 127.0.0.1:35963",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listCards(cmd.OutOrStdout())
			}
			return f.present(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	}
	c.Flags().StringVar(&f.vpcd, "vpcd", "127.0.0.1:35963", "address of a vpcd that listens")
	c.Flags().StringVar(&f.listen, "listen", "", "address to wait at for a vpcd that dials, instead of --vpcd")
	c.Flags().BoolVar(&f.contactless, "contactless", false, "hold the card into the field instead of putting it in")
	c.Flags().BoolVar(&f.confirm, "confirm", false, "the holder of a phone has confirmed the first payment on it")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the card's challenges")
	return c
}

func listCards(out io.Writer) error {
	for _, name := range card.Names(fixtures.FS) {
		spec, err := card.Load(fixtures.FS, name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%-22s %s\n", name, spec.Text); err != nil {
			return err
		}
	}
	return nil
}

// cardSpec finds a shipped card or reads a file.
func cardSpec(name string) (*card.Spec, error) {
	if filepath.Ext(name) == "" && !strings.ContainsRune(name, filepath.Separator) {
		return card.Load(fixtures.FS, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	return card.Parse(text, name)
}

// present keeps the card in the reader until the context ends, which is how it should end.
func (f *cardFlags) present(ctx context.Context, out io.Writer, name string) error {
	spec, err := cardSpec(name)
	if err != nil {
		return err
	}
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		return err
	}
	image, err := card.Personalise(spec, keys)
	if err != nil {
		return err
	}
	slot, err := card.NewSlot(image, card.Reference(), sim.Seed(f.seed).Reader("card "+name))
	if err != nil {
		return err
	}
	if f.confirm {
		slot.Card.Confirm()
	}
	p := rig.PCSCCard{Slot: slot, On: card.Contact, Watch: func(line string) { _, _ = fmt.Fprintln(out, line) }} // a log nobody reads
	if f.contactless {
		p.On = card.Contactless
	}
	if f.listen != "" {
		var l net.Listener
		if l, err = net.Listen("tcp", f.listen); err != nil {
			return fmt.Errorf("card: %w", err)
		}
		p.Watch(fmt.Sprintf("%s waits for a reader at %s", spec.Name, l.Addr()))
		err = p.ServePCSC(ctx, l)
	} else {
		err = p.DialPCSC(ctx, f.vpcd)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
