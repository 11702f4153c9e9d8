package terminal

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Download is a kind of data that a terminal fetches from its host (DOMAIN.md A.8.1).
type Download string

// The kinds.
const (
	DownloadSettings    Download = "parameters"
	DownloadAIDs        Download = "aids"
	DownloadCAPKs       Download = "capks"
	DownloadContactless Download = "contactless"
)

// Parameters are what a terminal works with: what it left the factory with, and what it has fetched since.
type Parameters struct {
	Settings    iso8583.TerminalParameters
	AIDs        []iso8583.AIDParameters
	CAPKs       []iso8583.CAPublicKey
	Contactless map[tlv.Tag][]byte
}

// replaced gives the parameters with one kind of them replaced as a whole by what was downloaded. An expired key is left out
// unless the rules take it.
func (p Parameters) replaced(d Download, sets [][]byte, expired func(iso8583.CAPublicKey) bool) (Parameters, error) {
	switch d {
	case DownloadAIDs:
		p.AIDs = nil
	case DownloadCAPKs:
		p.CAPKs = nil
	}
	for _, set := range sets {
		var err error
		switch d {
		case DownloadSettings:
			p.Settings, err = iso8583.ParseTerminalParameters(string(set))
		case DownloadContactless:
			p.Contactless, err = iso8583.ParseContactless(set)
		case DownloadAIDs:
			var aid iso8583.AIDParameters
			if aid, err = iso8583.ParseAID(set); err == nil {
				p.AIDs = append(p.AIDs, aid)
			}
		case DownloadCAPKs:
			var key iso8583.CAPublicKey
			if key, err = iso8583.ParseCAPK(set); err == nil && !expired(key) {
				p.CAPKs = append(p.CAPKs, key)
			}
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// setting gives a parameter that the host has set, "" for none.
func (t *Terminal) setting(tag string) string {
	t.consult("terminal/settings")
	if !t.Rules.UseSettings {
		return ""
	}
	return t.parameters.Settings[tag]
}

// patience is how long an answer is waited for; 0 for the dialect's time (DOMAIN.md J: parameter 12 has two digits of seconds).
func (t *Terminal) patience() time.Duration {
	seconds, _ := strconv.Atoi(t.setting(iso8583.Parameter12Timeout))
	return time.Duration(seconds) * time.Second
}

// attempts is how often a reversal or an advice is sent. That parameter 13 is about these is a reading of A.8.1 [S].
func (t *Terminal) attempts() int {
	if n, _ := strconv.Atoi(t.setting(iso8583.Parameter13Retries)); n > 0 {
		return n
	}
	return t.Dialect.Timers.ReversalAttempts
}

// manualEntry: card numbers may be typed.
func (t *Terminal) manualEntry() bool {
	t.consult("terminal/manual-entry")
	return t.Rules.ManualEntry && t.setting(iso8583.Parameter20ManualKey) != "0"
}

// noTips: the host has not allowed them to this merchant.
func noTips(t *Terminal, p Plan, _ pay.Amount) bool {
	_, allowed := t.tips()
	return p.Flow == pay.Tip && !allowed
}

// tips tells whether there are any, and how many percent they may add: as the host has set it, or else the switches.
func (t *Terminal) tips() (percent int, allowed bool) {
	percent, allowed = t.Dialect.Switches.TipPercent, t.Dialect.Switches.Tips
	if flag := t.setting(iso8583.Parameter18Tip); flag != "" {
		allowed = flag == "1"
	}
	if n, err := strconv.Atoi(t.setting(iso8583.Parameter19TipPercent)); err == nil {
		percent = n
	}
	return percent, allowed
}

// merchantName is the host's word, or the factory's.
func (t *Terminal) merchantName() string {
	if name := t.setting(iso8583.Parameter90MerchantName); name != "" {
		return name
	}
	return t.MerchantName
}

// stampVersion puts the software's version into a message's header, nibbles 3, 4 and 7 to 12 (DOMAIN.md A.1). It is the one
// that runs since the last start, not the one that was fetched.
func (t *Terminal) stampVersion(m *iso8583.Message) {
	if h := m.Header(); len(h) == 12 && len(t.version) == 8 {
		m.SetHeader(h[:2] + t.version[:2] + h[4:6] + t.version[2:])
	}
}

// outdated: other software has been fetched than runs.
func (t *Terminal) outdated() bool {
	v := t.parameters.Settings[iso8583.Parameter91Version]
	t.consult("terminal/restart")
	return t.Rules.Restart && v != "" && v != t.version
}

// devices are the states of the terminal's devices as a status upload tells them: 0 works, 1 does not.
func devices(t *Terminal) iso8583.TerminalParameters {
	state := func(broken bool) string {
		if broken {
			return "1"
		}
		return "0"
	}
	return iso8583.TerminalParameters{
		iso8583.Parameter01Keyboard: state(t.failed[Keyboard]),
		iso8583.Parameter02PINPad:   state(t.failed[PINPad] || t.tampered || !t.HSM.Has(t.masterKey())),
		iso8583.Parameter03Reader:   state(t.failed[Reader]),
		iso8583.Parameter04Printer:  state(t.failed[Printer] || !t.paper),
		iso8583.Parameter05Display:  state(t.failed[Display]),
	}
}

// Device is a part of a terminal that may fail.
type Device string

// The devices of a status upload.
const (
	Keyboard Device = "keyboard"
	PINPad   Device = "PIN pad"
	Reader   Device = "reader"
	Printer  Device = "printer"
	Display  Device = "display"
)

func (t *Terminal) deviceFails(_ time.Time, e Event, _ *Actions) { t.failed[e.Device] = true }

func (t *Terminal) deviceWorks(_ time.Time, e Event, _ *Actions) { delete(t.failed, e.Device) }
