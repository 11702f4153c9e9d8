//go:build pcsc

package rig

/*
#cgo CFLAGS: -I/usr/include/PCSC
#cgo LDFLAGS: -lpcsclite
#include <stdlib.h>
#include <winscard.h>
*/
import "C"

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// PCSCReader is a reader of this machine, by PC/SC (pcsclite). It belongs to one goroutine.
type PCSCReader struct {
	context  C.SCARDCONTEXT
	name     *C.char
	handle   C.SCARDHANDLE
	protocol C.DWORD
	powered  bool
}

// OpenPCSC opens the first reader whose name begins so; "" is any.
func OpenPCSC(name string) (*PCSCReader, error) {
	r := &PCSCReader{}
	if code := C.SCardEstablishContext(C.SCARD_SCOPE_SYSTEM, nil, nil, &r.context); code != C.SCARD_S_SUCCESS {
		return nil, pcscError("no service; is pcscd running?", code)
	}
	names, err := r.readers()
	if err != nil {
		r.Close()
		return nil, err
	}
	for _, n := range names {
		if strings.HasPrefix(n, name) {
			r.name = C.CString(n)
			return r, nil
		}
	}
	r.Close()
	return nil, fmt.Errorf("PC/SC: no reader begins with %q; there are %q", name, names)
}

func (r *PCSCReader) readers() ([]string, error) {
	var size C.DWORD
	if code := C.SCardListReaders(r.context, nil, nil, &size); code != C.SCARD_S_SUCCESS {
		return nil, pcscError("no readers", code)
	}
	list := make([]byte, size)
	if code := C.SCardListReaders(r.context, nil, (*C.char)(unsafe.Pointer(unsafe.SliceData(list))), &size); code != C.SCARD_S_SUCCESS {
		return nil, pcscError("no readers", code)
	}
	var names []string
	for n := range bytes.SplitSeq(list[:min(int(size), len(list))], []byte{0}) {
		if len(n) > 0 {
			names = append(names, string(n))
		}
	}
	return names, nil
}

func pcscError(text string, code C.LONG) error {
	return fmt.Errorf("PC/SC: %s (%s)", text, C.GoString(C.pcsc_stringify_error(code)))
}

// Insert implements Reader: it powers the card that is there, or resets it.
func (r *PCSCReader) Insert(card.Interface) ([]byte, card.Ending) {
	r.Remove()
	code := C.SCardConnect(r.context, r.name, C.SCARD_SHARE_EXCLUSIVE, C.SCARD_PROTOCOL_T0|C.SCARD_PROTOCOL_T1, &r.handle, &r.protocol)
	if code != C.SCARD_S_SUCCESS {
		return nil, pcscEnding(code)
	}
	r.powered = true
	atr := make([]byte, C.MAX_ATR_SIZE)
	size := C.DWORD(len(atr))
	if code := C.SCardStatus(r.handle, nil, nil, nil, nil, (*C.BYTE)(unsafe.SliceData(atr)), &size); code != C.SCARD_S_SUCCESS {
		return nil, pcscEnding(code)
	}
	return atr[:size], card.Answered
}

// Exchange implements Reader. T=0 has no Le beside data: the card says what waits (61xx), and the kernel fetches it (ISO/IEC 7816-3).
func (r *PCSCReader) Exchange(_ time.Time, cmd emv.Command) card.Exchange {
	if !r.powered {
		return card.Exchange{Ending: card.Torn}
	}
	pci := &C.g_rgSCardT1Pci
	if r.protocol == C.SCARD_PROTOCOL_T0 {
		pci = &C.g_rgSCardT0Pci
		if len(cmd.Data) > 0 {
			cmd.Le = emv.LeAbsent
		}
	}
	sent, answer := cmd.Append(nil), make([]byte, C.MAX_BUFFER_SIZE)
	size := C.DWORD(len(answer))
	code := C.SCardTransmit(r.handle, pci, (*C.BYTE)(unsafe.SliceData(sent)), C.DWORD(len(sent)), nil, (*C.BYTE)(unsafe.SliceData(answer)), &size)
	if code != C.SCARD_S_SUCCESS {
		return card.Exchange{Ending: pcscEnding(code)}
	}
	response, err := emv.ParseResponse(answer[:size])
	if err != nil {
		return card.Exchange{Ending: card.Frozen}
	}
	return card.Exchange{Response: response, Ending: card.Answered}
}

// pcscEnding tells why no answer came.
func pcscEnding(code C.LONG) card.Ending {
	switch code {
	case C.SCARD_E_NO_SMARTCARD, C.SCARD_W_UNRESPONSIVE_CARD, C.SCARD_W_UNPOWERED_CARD:
		return card.NoCard
	case C.SCARD_W_REMOVED_CARD, C.SCARD_W_RESET_CARD, C.SCARD_E_READER_UNAVAILABLE:
		return card.Torn
	}
	return card.Frozen
}

// Remove implements Reader: the card loses its power.
func (r *PCSCReader) Remove() {
	if r.powered {
		C.SCardDisconnect(r.handle, C.SCARD_UNPOWER_CARD)
		r.powered = false
	}
}

// Close lets the reader go.
func (r *PCSCReader) Close() {
	r.Remove()
	C.SCardReleaseContext(r.context)
	C.free(unsafe.Pointer(r.name))
	r.name = nil
}
