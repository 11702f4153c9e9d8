package kernel

import (
	"encoding/binary"
	"io"

	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// manageRisk protects the acquirer against cards that never ask their issuer (Book 3, 10.6).
func manageRisk(t *transaction) *Outcome {
	if t.c.Exceptions[t.pan] {
		t.tvr |= emv.TVR1x10ExceptionFile
	}
	if t.c.ForceOnline {
		t.tvr |= emv.TVR4x08MerchantForced
	}
	if t.aip&emv.AIP1x08TerminalRisk == 0 && !t.r.RiskAlways {
		return nil
	}
	if out := t.checkFloor(); out != nil {
		return out
	}
	if t.consult("kernel/velocity"); t.r.CheckVelocity {
		if out := t.checkVelocity(); out != nil {
			return out
		}
	}
	t.tsi |= emv.TSIx08TerminalRisk
	return nil
}

// checkFloor compares what this card spends here with the floor limit, and picks some of what is under it (10.6.1 and 10.6.2).
// A terminal without a floor limit has one of zero.
func (t *transaction) checkFloor() *Outcome {
	floor, _ := t.app.binary(emv.Tag9F1BFloorLimit)
	amount := t.c.Amount.Minor + t.c.Earlier[t.pan]
	if t.consult("kernel/floor"); t.r.OverFloor(amount, floor) {
		t.tvr |= emv.TVR4x80OverFloor
		return nil
	}
	if t.line() != OfflineWithOnline {
		return nil
	}
	var two [2]byte
	if _, err := io.ReadFull(t.c.Random, two[:]); err != nil {
		return t.fail("no random number: " + err.Error())
	}
	number := int(binary.BigEndian.Uint16(two[:]))%99 + 1
	threshold, _ := t.app.binary(emv.TagDF15RandomThreshold)
	t.consult("kernel/random")
	if t.r.Pick(number, amount, floor, threshold, t.app.percent(emv.TagDF17RandomPercent), t.app.percent(emv.TagDF16RandomMaxPercent)) {
		t.tvr |= emv.TVR4x10Random
	}
	return nil
}

// pick: below the threshold the target percentage, from there to the floor limit evenly more up to the maximum (10.6.2).
func pick(number int, amount, floor, threshold, target, most int64) bool {
	if amount >= threshold && floor > threshold {
		target += (most - target) * (amount - threshold) / (floor - threshold)
	}
	return int64(number) <= target
}

// checkVelocity counts the card's transactions since it was last online (10.6.3). A card without both limits is not counted.
func (t *transaction) checkVelocity() *Outcome {
	lower, upper := t.card[emv.Tag9F14LowerConsecutive], t.card[emv.Tag9F23UpperConsecutive]
	if len(lower) == 0 || len(upper) == 0 {
		return nil
	}
	atc, out := t.getData(emv.Tag9F36ATC)
	if out != nil {
		return out
	}
	last, out := t.getData(emv.Tag9F13LastOnlineATC)
	if out != nil {
		return out
	}
	if atc == nil || last == nil {
		t.tvr |= emv.TVR1x20DataMissing | emv.TVR4x40OverLower | emv.TVR4x20OverUpper
	}
	if last != nil && last[0]|last[1] == 0 {
		t.tvr |= emv.TVR2x08NewCard
	}
	if atc == nil || last == nil {
		return nil
	}
	since := int(binary.BigEndian.Uint16(atc)) - int(binary.BigEndian.Uint16(last))
	if since <= 0 || since > int(lower[0]) {
		t.tvr |= emv.TVR4x40OverLower
	}
	if since <= 0 || since > int(upper[0]) {
		t.tvr |= emv.TVR4x20OverUpper
	}
	return nil
}
