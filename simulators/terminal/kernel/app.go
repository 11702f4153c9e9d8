package kernel

import (
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// App is an application that a terminal takes: a downloaded set of tags (DOMAIN.md A.8.1).
type App struct {
	AID  []byte
	Data emv.Data
}

// ParseApp reads a set of tags; 9F06 is the only one that must be there. Some hosts give the terminal's version as 9F08, which is
// the card's (DOMAIN.md A.8.1).
func ParseApp(d emv.Data) (App, error) {
	for tag, v := range d {
		if err := emv.CheckLength(tag, v); err != nil {
			return App{}, fmt.Errorf("kernel: application: %w", err)
		}
	}
	if len(d[emv.Tag9F06AID]) == 0 {
		return App{}, fmt.Errorf("kernel: application: tag 9F06 (%s) is missing", emv.NameOf(emv.Tag9F06AID))
	}
	d = maps.Clone(d)
	if _, ok := d[emv.Tag9F09TerminalVersion]; !ok && d[emv.Tag9F08CardVersion] != nil {
		d[emv.Tag9F09TerminalVersion] = d[emv.Tag9F08CardVersion]
	}
	delete(d, emv.Tag9F08CardVersion)
	return App{AID: d[emv.Tag9F06AID], Data: d}, nil
}

// limit gives an amount of twelve digits.
func (a *App) limit(tag tlv.Tag) (int64, bool) {
	v, ok := a.Data[tag]
	n, digits := emv.Number(v)
	return int64(n), ok && digits
}

// binary gives a four-byte amount: 9F1B, DF15.
func (a *App) binary(tag tlv.Tag) (int64, bool) {
	v := a.Data[tag]
	if len(v) != 4 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint32(v)), true
}

// percent gives one byte of two digits; absent is none.
func (a *App) percent(tag tlv.Tag) int64 {
	n, _ := emv.Number(a.Data[tag])
	return int64(n)
}
