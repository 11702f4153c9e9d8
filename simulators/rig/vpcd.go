package rig

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// PCSCCard is a card for PC/SC programs: the card's side of vsmartcard's vpcd, the virtual reader of pcscd. Every message
// has two bytes of length in front. One byte from the reader is a control: power off, power on, reset, or a question for
// the answer to reset; more are an APDU. Only the last two are answered.
type PCSCCard struct {
	Slot  *card.Slot
	On    card.Interface
	Watch func(line string) // the APDU log, masked; may be nil
	said  emv.Log
}

// The controls of vpcd.
const (
	vpcdOff   = 0
	vpcdOn    = 1
	vpcdReset = 2
	vpcdATR   = 4
)

// DialPCSC puts the card into a vpcd that listens, until the context ends or the reader hangs up.
func (p *PCSCCard) DialPCSC(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("vpcd %s: %w; is pcscd running with vsmartcard's vpcd?", address, err)
	}
	return p.serve(ctx, conn)
}

// ServePCSC waits for a vpcd that dials, one after another, until the context ends.
func (p *PCSCCard) ServePCSC(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("card: %w", err)
		}
		p.say("a reader has come: %s", conn.RemoteAddr())
		if err := p.serve(ctx, conn); err != nil {
			return err
		}
		p.say("the reader has gone")
	}
}

// serve speaks to one reader. A card that is torn away hangs up.
func (p *PCSCCard) serve(ctx context.Context, conn net.Conn) error {
	defer func() { _ = conn.Close() }() // nothing is left to say
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer p.Slot.Remove()
	for {
		message, err := readVPCD(conn)
		if err == nil {
			var answer []byte
			if answer, err = p.hear(ctx, message); err == nil && answer != nil {
				_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF), errors.Is(err, errTorn):
			return nil
		default:
			return fmt.Errorf("vpcd: %w", err)
		}
	}
}

func readVPCD(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

var errTorn = errors.New("the card is gone")

// hear acts on one message; nil is no answer.
func (p *PCSCCard) hear(ctx context.Context, message []byte) ([]byte, error) {
	if len(message) > 1 {
		return p.exchange(ctx, message)
	}
	if len(message) == 0 {
		return nil, nil
	}
	switch message[0] {
	case vpcdOff:
		p.Slot.Remove()
		p.say("power off")
	case vpcdOn, vpcdReset:
		atr, ending := p.Slot.Insert(p.On)
		p.say("power on, %s: %s %X", p.On, ending, atr)
	case vpcdATR: // asked again and again, to see whether there is a card; power stays as it is
		return append([]byte{}, p.Slot.ATR(p.On)...), nil
	}
	return nil, nil
}

func (p *PCSCCard) exchange(ctx context.Context, message []byte) ([]byte, error) {
	cmd, err := emv.ParseCommand(message)
	if err != nil {
		p.say("a command that is none (%d bytes)", len(message))
		return emv.Response{SW: emv.SW6700Length}.Append(nil), nil
	}
	x := p.Slot.Exchange(time.Now(), cmd)
	p.say("%s", strings.Join(apduLines(&p.said, cmd, x), "\n"))
	switch x.Ending {
	case card.Torn:
		return nil, errTorn
	case card.Frozen:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if x.After > 0 {
		wait := time.NewTimer(x.After)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return x.Response.Append(nil), nil
}

func (p *PCSCCard) say(format string, args ...any) {
	if p.Watch != nil {
		p.Watch(fmt.Sprintf(format, args...))
	}
}
