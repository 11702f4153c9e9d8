package terminal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// visit is a card in the reader, and the kernel that speaks with it. It is gone after a power cut, as the card then is.
type visit struct {
	kernel      *kernel.Kernel
	contactless bool
	reads       bool // the flow carries no chip data: the card only says who it is
	pin         kernel.PINKind
	waits       bool // for the host's word
	request     emv.Data
	outcome     kernel.Outcome
	then        func(time.Time, *Actions) // after the card has ended
}

// insert begins with a card in the slot, tap with one in the field.
func (t *Terminal) insert(now time.Time, e Event, out *Actions) { t.meet(now, e, false, out) }
func (t *Terminal) tap(now time.Time, e Event, out *Actions)    { t.meet(now, e, true, out) }

func (t *Terminal) meet(now time.Time, e Event, contactless bool, out *Actions) {
	t.consult("terminal/chip-reader")
	switch {
	case !t.Rules.ChipReader:
		t.wait(WaitingCard, NeedCard, out, "SWIPE_CARD", t.order.amount.String())
		return
	case e.Reader == kernel.TwoCards && t.askAgain(kernel.PresentOne, out):
		return
	case e.Reader != kernel.CardAnswered:
		t.notRead(now, contactless, out)
		return
	}
	c, err := t.kernelConfig(now, contactless)
	if err != nil {
		t.fault(now, err, out)
		return
	}
	t.order.visit = &visit{kernel: kernel.Start(c), contactless: contactless, reads: !t.Dialect.Carries(t.order.plan.Flow, iso8583.Chip)}
	out.show("READING_CARD")
	t.kernelStep(now, kernel.Answer{}, out)
}

// kernelConfig is what one transaction is decided from: the terminal's parameters and the order.
func (t *Terminal) kernelConfig(now time.Time, contactless bool) (*kernel.Config, error) {
	rules := *t.Rules.Kernel
	if !t.Dialect.Carries(t.order.plan.Flow, iso8583.Chip) { // nobody is to be verified by a card that is only read
		rules.Contact = slices.DeleteFunc(slices.Clone(rules.Contact), func(p kernel.Phase) bool { return p.Name == "kernel/cvm" })
	}
	alone := t.mayApproveAlone()
	if !alone {
		askHost(&rules)
	}
	earlier, err := t.earlier()
	if err != nil {
		return nil, fmt.Errorf("terminal %s: %w", t.Name, err)
	}
	c := &kernel.Config{Rules: &rules, Contactless: contactless, Amount: t.order.amount, Other: pay.Amount{Currency: t.order.amount.Currency},
		Now: now, Sequence: nextTrace(t.trace), Choose: true, Earlier: earlier, ForceOnline: contactless && !alone, NoPINLimit: t.noPINLimit(),
		Random: t.Random, Consult: t.consult, Revoked: t.Revoked, Exceptions: map[pay.PAN]bool{}}
	for _, pan := range t.Exceptions {
		c.Exceptions[pan] = true
	}
	for _, a := range t.parameters.AIDs {
		app, err := kernel.ParseApp(maps.Clone(emv.Data(a.Values)))
		if err != nil {
			return nil, fmt.Errorf("terminal %s: %w", t.Name, err)
		}
		c.Apps = append(c.Apps, app)
	}
	for _, k := range slices.Concat(t.parameters.CAPKs, t.TestCAs) {
		c.Keys = append(c.Keys, emv.CAKey{PublicKey: emv.PublicKey{Modulus: k.Modulus, Exponent: k.Exponent}, RID: k.RID, Index: k.Index, Expiry: k.Expires})
	}
	tx, _ := t.Dialect.Transaction(t.order.plan.Flow)
	t.consult("terminal/chip-type")
	c.Type = t.Rules.ChipType(tx.Constants[iso8583.ProcessingCode])
	c.Terminal = t.emvData()
	return c, nil
}

// noPINLimit is what the host has set, or the dialect's (DOMAIN.md A.8.1, FF8058; D.6).
func (t *Terminal) noPINLimit() int64 {
	t.consult("terminal/no-pin-limit")
	if n, ok := emv.Number(t.parameters.Contactless[iso8583.TagFF8058NoPINLimit]); ok && len(t.parameters.Contactless) > 0 && t.Rules.HostNoPIN {
		return int64(n)
	}
	return t.Dialect.Switches.NoPINLimit
}

// emvData is what the terminal says of itself to a chip (EMV 4.4 Book 4, annex A; Book 3, annex A).
func (t *Terminal) emvData() emv.Data {
	currency := "0" + t.order.amount.Currency.Digits()
	t.consult("terminal/qualifiers")
	return emv.Data{
		emv.Tag9F33TerminalCapabilities: {0xE0, 0xF8, 0xC8}, emv.Tag9F40AdditionalCapabilities: {0x60, 0x00, 0xF0, 0xA0, 0x01},
		emv.Tag9F35TerminalType: {0x22}, emv.Tag9F1ATerminalCountry: {0x01, 0x56}, emv.Tag9F1EIFDSerial: []byte(t.Number),
		emv.Tag5F2ACurrency: {currency[0]<<4&0xF0 | currency[1]&15, currency[2]<<4 | currency[3]&15}, emv.Tag5F36CurrencyExponent: {0x02},
		emv.Tag9F66TTQ: t.Rules.Qualifiers.Bytes(), emv.Tag9F1CTerminalId: []byte(t.Number), emv.Tag9F16MerchantId: []byte(t.Merchant),
	}
}

// kernelStep hands the kernel an answer and does what it needs next.
func (t *Terminal) kernelStep(now time.Time, a kernel.Answer, out *Actions) {
	v := t.order.visit
	need, more := v.kernel.Next(a)
	switch {
	case !more:
		v.outcome = v.kernel.Outcome()
		t.lastChip = v.outcome
		t.cardEnded(now, out)
	case need.Kind == kernel.NeedAPDU:
		t.state = ReadingCard
		out.add(Action{Kind: APDU, Command: need.Command})
	case need.Kind == kernel.NeedChoice:
		t.wait(WaitingChoice, NeedApplication, out, "CHOOSE_APPLICATION", need.Choices...)
	case need.Kind == kernel.NeedDocument:
		t.wait(WaitingConfirm, NeedConfirm, out, "CHECK_DOCUMENT")
	case need.Kind == kernel.NeedPIN:
		v.pin = need.PIN
		t.order.card.pan = need.Outcome.PAN
		if need.Tries == 1 {
			out.show("LAST_PIN_TRY")
		}
		t.wait(WaitingPIN, NeedPIN, out, "ENTER_PIN", t.order.amount.String())
	default:
		v.waits, v.request, v.outcome = true, need.Data, need.Outcome
		t.cardRead(now, out)
	}
}

// cardAnswered takes what the reader brings from the card.
func (t *Terminal) cardAnswered(now time.Time, e Event, out *Actions) {
	t.kernelStep(now, kernel.Answer{Response: e.Response, Reader: e.Reader}, out)
}

func (t *Terminal) chooseApplication(now time.Time, e Event, out *Actions) {
	t.kernelStep(now, kernel.Answer{Choice: e.Choice}, out)
}

// visitPIN hands a PIN to the kernel: the clear one for the card itself; what goes to the host stays in the pad.
func (t *Terminal) visitPIN(now time.Time, e Event, out *Actions) {
	answer := kernel.PIN{State: kernel.PINEntered}
	switch v := t.order.visit; {
	case e.PIN.Reveal() == "":
		answer.State = kernel.PINBypassed
	case v.pin == kernel.PINOnline:
		t.order.pin = e.PIN
	default:
		answer.Clear = e.PIN
		if t.consult("terminal/chip-pin"); !t.Rules.KeepChipPIN {
			t.order.pin = e.PIN
		}
	}
	t.kernelStep(now, kernel.Answer{PIN: answer}, out)
}

// cardRead goes on with the order when the card has said what it says before the host is asked.
func (t *Terminal) cardRead(now time.Time, out *Actions) {
	v := t.order.visit
	t.consult("terminal/chip-data")
	if !t.takeChip(now, t.Rules.ChipData(v.request), out) {
		return
	}
	if v.reads {
		t.order.visit = nil
		v.kernel.Stop()
	} else if i := slices.Index(t.order.plan.Needs, NeedPIN); i >= 0 { // the card has said whether one is wanted
		t.order.met = i
	}
	t.gained(now, out)
}

// takeChip makes the order's card of what the chip said; field is what its message brings of that.
func (t *Terminal) takeChip(now time.Time, field []byte, out *Actions) bool {
	v, o := t.order.visit, &t.order
	c := card{entry: pay.Entry05Chip, pan: v.outcome.PAN, expiry: v.outcome.Expiry, sequence: v.outcome.Sequence, track2: v.outcome.Track2}
	if v.contactless {
		t.consult("terminal/tap-entry")
		c.entry = t.Rules.TapEntry
	}
	if s, ok := readTrack2(c.track2.Reveal()); ok {
		c.service = s.service
	}
	if !v.reads {
		c.pinned = (v.outcome.OnlinePIN || !t.Rules.KeepChipPIN) && !o.pin.IsZero()
		c.chip = field
	}
	t.consult("terminal/card-number")
	if !t.Rules.CardNumber(c.pan) {
		t.refuse(now, "terminal/card-number", "BAD_CARD_NUMBER", out)
		return false
	}
	o.card = c
	return true
}

// cardEnded goes on when the kernel has come to its end: with the host's answer that the card has now heard, or without any.
func (t *Terminal) cardEnded(now time.Time, out *Actions) {
	v := t.order.visit
	t.decide(now, trace.CardEnded, chipEnding(v.outcome))
	if v.then != nil {
		then := v.then
		v.then = nil
		then(now, out)
		return
	}
	if v.reads && !v.outcome.PAN.IsZero() && !v.outcome.Track2.IsZero() { // it refused to pay, and was not asked to
		t.cardRead(now, out)
		return
	}
	if v.outcome.Ending == kernel.ApprovedOffline && t.mayApproveAlone() {
		t.approveAlone(now, false, out)
		return
	}
	t.order.visit = nil
	switch v.outcome.Ending {
	case kernel.Fallback:
		t.chipFailed(now, v.outcome.Why, out)
	case kernel.Cancelled:
		t.cancel(now, Event{}, out)
	case kernel.DeclinedOffline:
		t.tell(Ending{Kind: Declined, Screen: t.declineScreen(v)}, out)
		t.finish(out)
	default:
		if t.askAgain(v.outcome.Ending, out) {
			return
		}
		screens := map[kernel.Ending]string{kernel.CardRemoved: "CARD_REMOVED", kernel.CardBlocked: "CARD_BLOCKED",
			kernel.ApplicationBlocked: "CARD_BLOCKED", kernel.NotAccepted: "CARD_NOT_TAKEN"}
		screen, ok := screens[v.outcome.Ending]
		if !ok {
			screen = "CARD_UNREADABLE"
		}
		t.refuse(now, "terminal/chip", screen, out)
	}
}

// chipEnding tells how a card's visit ended, every bit in words.
func chipEnding(o kernel.Outcome) string {
	text := string(o.Ending)
	if o.ARC != "" {
		text += " " + o.ARC
	}
	if o.Why != "" {
		text += ", " + o.Why
	}
	return fmt.Sprintf("%s; TVR %s, TSI %s, CVM %s", text, o.TVR, o.TSI, o.CVM)
}

// askAgain asks for the card again after endings that call for that.
func (t *Terminal) askAgain(e kernel.Ending, out *Actions) bool {
	t.consult("terminal/ask-again")
	screen, ok := t.Rules.AskAgain[e]
	if ok {
		t.wait(WaitingCard, NeedCard, out, screen)
	}
	return ok
}

// notRead is a card that nothing answers for. In the field that says nothing about its chip (DOMAIN.md D.6: insert).
func (t *Terminal) notRead(now time.Time, contactless bool, out *Actions) {
	t.consult("terminal/tap-failure")
	if contactless && !t.Rules.TapFails && t.askAgain(kernel.SwitchInterface, out) {
		return
	}
	t.chipFailed(now, "nothing answers the reset", out)
}

// chipFailed counts chips that cannot be used; after some of them the stripe is taken (DOMAIN.md D.6).
func (t *Terminal) chipFailed(now time.Time, why string, out *Actions) {
	t.consult("terminal/chip-tries")
	t.order.chipFailures++
	t.decide(now, "terminal/chip-tries", fmt.Sprintf("failure %d of the chip: %s", t.order.chipFailures, why))
	if t.chipBroken() {
		t.wait(WaitingCard, NeedCard, out, "SWIPE_CARD", t.order.amount.String())
		return
	}
	t.wait(WaitingCard, NeedCard, out, "INSERT_AGAIN")
}

// chipBroken tells that the chip was tried often enough.
func (t *Terminal) chipBroken() bool {
	return t.Rules.ChipTries > 0 && t.order.chipFailures >= t.Rules.ChipTries
}

// hearHost gives the host's word to a card that waits for it, and goes on when the card has ended; at once where none waits.
func (t *Terminal) hearHost(now time.Time, h kernel.Host, out *Actions, then func(time.Time, *Actions)) {
	v := t.order.visit
	if v == nil || !v.waits || !t.ownExchange() {
		then(now, out)
		return
	}
	v.waits, v.then = false, then
	t.kernelStep(now, kernel.Answer{Host: h}, out)
}

// cardRefuses tells that the host approved and the card did not.
func (t *Terminal) cardRefuses() bool {
	v := t.order.visit
	t.consult("terminal/second-cryptogram")
	return v != nil && t.Rules.ObeyCard && v.outcome.Ending != kernel.Approved
}

// offerChip offers what the chip gave.
func (c *card) offerChip(o func(iso8583.Element, string)) {
	if c.sequence != "" && len(c.chip) > 0 {
		o(iso8583.CardSequence, "0"+c.sequence)
	}
	o(iso8583.Chip, string(c.chip))
}

// reversalChip is F55 of a reversal that the card caused (DOMAIN.md A.11); nothing when it was a missing answer.
func (t *Terminal) reversalChip() []byte {
	if v := t.order.visit; v != nil && v.outcome.Reverse {
		return kernel.Field55(kernel.UseReversal, v.outcome.Data)
	}
	return nil
}

// chipLines are what the slip tells of a chip (DOMAIN.md A.17).
func (t *Terminal) chipLines(line func(id string, args ...string)) {
	v := t.order.visit
	if t.consult("terminal/chip-slip"); v == nil || !t.Rules.ChipSlip {
		return
	}
	hex := func(tag tlv.Tag) string { return fmt.Sprintf("%X", v.outcome.Data[tag]) }
	line("SLIP_AID", fmt.Sprintf("%X", v.outcome.AID))
	line("SLIP_LABEL", v.outcome.Label)
	if n := len(v.outcome.ACs); n > 0 {
		line("SLIP_CRYPTOGRAM", v.outcome.ACs[n-1].String(), hex(emv.Tag9F26AC))
	}
	line("SLIP_TVR", hex(emv.Tag95TVR))
	line("SLIP_TSI", hex(emv.Tag9BTSI))
	line("SLIP_ATC", hex(emv.Tag9F36ATC))
}

// signatureLine: a stripe's slip is signed; a chip says whether (EMV 4.4 Book 3, 10.5); a phone has asked its owner already.
func (t *Terminal) signatureLine() string {
	v := t.order.visit
	if t.byCode() {
		return "SLIP_NO_SIGNATURE"
	}
	t.consult("terminal/chip-signature")
	if v == nil || v.outcome.Signature || !t.Rules.ObeyCVM {
		return "SLIP_SIGNATURE"
	}
	return "SLIP_NO_SIGNATURE"
}

// LastChip tells how the last chip ended that the terminal spoke with since it was switched on.
func (t *Terminal) LastChip() kernel.Outcome { return t.lastChip }

// Close gives up what waits for a card. A machine that is no longer used is closed.
func (t *Terminal) Close() { t.endVisit() }

func (t *Terminal) endVisit() {
	if v := t.order.visit; v != nil {
		v.kernel.Stop()
		t.order.visit = nil
	}
}

// chipLine: what the chip of the pending payment said at its end (DOMAIN.md A.13: its upload).
type chipLine struct {
	Chip   []byte `json:"chip"`
	Failed bool   `json:"failed,omitempty"`
}

func (*chipLine) kind() string { return "till.chip" }

func (l *chipLine) apply(t *Terminal) {
	if t.pending != nil {
		p := &t.payments[t.pending.payment]
		p.chip, p.chipFailed = l.Chip, l.Failed
	}
}

// chipEnd keeps what the chip of an online payment has said last; nil where there is none.
func (t *Terminal) chipEnd() line {
	v := t.order.visit
	if v == nil || v.reads {
		return nil
	}
	t.consult("terminal/last-cryptogram")
	chip := t.Rules.LastCryptogram(v)
	if chip == nil {
		return nil
	}
	return &chipLine{Chip: chip, Failed: v.outcome.Ending != kernel.Approved}
}

// lastCryptogram is F55 with the TC, or with the AAC of a chip that declined (DOMAIN.md A.11). A tapped card makes none.
func lastCryptogram(v *visit) []byte {
	if v.contactless {
		return nil
	}
	return kernel.Field55(kernel.UseRequest, v.outcome.Data)
}

// uploadsChip: the chips' payments are uploaded where the dialect has a message for it. A tapped card says nothing after the host.
func uploadsChip(d *iso8583.Dialect, chip []byte, _ bool) bool {
	_, ok := d.Transaction(pay.TCUpload)
	return ok && chip != nil
}

// offerChipUpload offers what the upload of a chip's payment has beside the payment's own fields: 203 and 204 where the totals
// agreed, 205 and 206 where not; F62 begins with 61 for what went well and 71 for what did not (DOMAIN.md A.13).
func (t *Terminal) offerChipUpload(o func(iso8583.Element, string), m *iso8583.Message, p payment) {
	t.consult("terminal/upload-code")
	m.Set(iso8583.NetworkCode, t.Rules.UploadCode(t.settling.balanced, p.chipFailed))
	o(iso8583.AuthCode, p.authCode)
	o(iso8583.Chip, string(p.chip))
	usage := "61"
	if p.chipFailed {
		usage = "71"
	}
	o(iso8583.UploadUsage, usage)
}

func uploadCode(balanced, failed bool) string {
	code := 203
	if !balanced {
		code = 205
	}
	if failed {
		code++
	}
	return strconv.Itoa(code)
}

// tellScripts owes the host a notice of what the issuer's commands did to the chip.
func (t *Terminal) tellScripts(now time.Time, out *Actions) {
	t.consult("terminal/tell-scripts")
	if v := t.order.visit; v != nil && t.Rules.TellScripts && len(v.outcome.Data[emv.TagDF31ScriptResults]) > 0 {
		t.scriptResults(now, Event{Chip: kernel.Field55(kernel.UseScript, v.outcome.Data)}, out)
	}
}
