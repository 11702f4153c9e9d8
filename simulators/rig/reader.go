package rig

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Reader is where a till finds a card: an emulated one, a program behind vpcd's protocol, or a real reader (PC/SC).
type Reader interface {
	Insert(on card.Interface) (atr []byte, ending card.Ending)
	Exchange(now time.Time, cmd emv.Command) card.Exchange
	Remove()
}

// VPCDReader is the reader's side of vsmartcard's protocol, for programs that emulate a card: they come to it as they go to vpcd.
// What a program says that no card would say is silence.
type VPCDReader struct {
	conn     net.Conn
	patience time.Duration
}

// AcceptVPCD waits for a card that dials, until the context ends. patience is how long each answer may take.
func AcceptVPCD(ctx context.Context, l net.Listener, patience time.Duration) (*VPCDReader, error) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	conn, err := l.Accept()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("reader: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &VPCDReader{conn, patience}, nil
}

// Insert implements Reader: it powers the card and asks for its answer to reset.
func (r *VPCDReader) Insert(card.Interface) ([]byte, card.Ending) {
	if err := r.send([]byte{vpcdOn}); err != nil {
		return nil, ending(err)
	}
	atr, err := r.ask([]byte{vpcdATR})
	switch {
	case err != nil:
		return nil, ending(err)
	case len(atr) == 0:
		return nil, card.NoCard
	}
	return atr, card.Answered
}

// Exchange implements Reader.
func (r *VPCDReader) Exchange(_ time.Time, cmd emv.Command) card.Exchange {
	answer, err := r.ask(cmd.Append(nil))
	if err != nil {
		return card.Exchange{Ending: ending(err)}
	}
	response, err := emv.ParseResponse(answer)
	if err != nil {
		return card.Exchange{Ending: card.Frozen}
	}
	return card.Exchange{Response: response, Ending: card.Answered}
}

// Remove implements Reader. The program may put its card in again.
func (r *VPCDReader) Remove() { _ = r.send([]byte{vpcdOff}) } // a card that has gone needs no power

// Close hangs up.
func (r *VPCDReader) Close() error { return r.conn.Close() }

func (r *VPCDReader) send(message []byte) error {
	if err := r.conn.SetDeadline(time.Now().Add(r.patience)); err != nil {
		return err
	}
	_, err := r.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}

func (r *VPCDReader) ask(message []byte) ([]byte, error) {
	if err := r.send(message); err != nil {
		return nil, err
	}
	return readVPCD(r.conn)
}

// ending tells silence from absence.
func ending(err error) card.Ending {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return card.Frozen
	}
	return card.Torn
}
