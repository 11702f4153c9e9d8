package kernel

import (
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// entry is what pre-processing found out about one application (DOMAIN.md D.6).
type entry struct {
	ttq     emv.TTQ
	allowed bool
}

// preProcess compares the amount with each application's contactless limits, before any card is there.
func preProcess(t *transaction) *Outcome {
	amount, any := t.c.Amount.Minor, false
	for i := range t.c.Apps {
		app := &t.c.Apps[i]
		e := entry{ttq: emv.ParseTTQ(t.c.Terminal[emv.Tag9F66TTQ]) &^ (emv.TTQ2x80CryptogramOnline | emv.TTQ2x40CVMRequired), allowed: true}
		if own, ok := app.Data[emv.Tag9F66TTQ]; ok {
			e.ttq = emv.ParseTTQ(own)
		}
		t.consult("kernel/contactless-limit")
		if limit, ok := app.limit(emv.TagDF20ContactlessLimit); ok && t.r.OverLimit(amount, limit) {
			e.allowed = false
		}
		t.consult("kernel/cvm-limit")
		if limit, ok := app.limit(emv.TagDF21ContactlessCVMLimit); ok && t.r.OverCVM(amount, limit) {
			e.ttq |= emv.TTQ2x40CVMRequired
		}
		t.consult("kernel/contactless-floor")
		if limit, ok := app.limit(emv.TagDF19ContactlessFloorLimit); amount == 0 || ok && t.r.OverOffline(amount, limit) || t.c.ForceOnline {
			e.ttq |= emv.TTQ2x80CryptogramOnline
		}
		any = any || e.allowed
		t.pre = append(t.pre, e)
	}
	if !any {
		return t.end(SwitchInterface, "the amount is over the contactless limit")
	}
	return nil
}

// entry gives what pre-processing found out about the chosen application.
func (t *transaction) entry(app *App) entry {
	for i := range t.c.Apps {
		if &t.c.Apps[i] == app {
			return t.pre[i]
		}
	}
	return entry{}
}

func (t *transaction) cvmRequired() bool { return t.entry(t.app).ttq&emv.TTQ2x40CVMRequired != 0 }

// readPPSE reads the field's directory (DOMAIN.md D.6). A card without one is no contactless payment card.
func readPPSE(t *transaction) *Outcome {
	r, out := t.send(emv.Select([]byte(emv.PPSEProximity), false))
	if out != nil {
		return out
	}
	if r.SW != emv.SW9000OK {
		return t.fail("SELECT of the contactless directory: " + r.SW.String() + " " + r.SW.Words())
	}
	list, err := tlv.Parse(r.Data, tlv.Tolerant)
	directory, ok := list.Find(emv.TagBF0CFCIIssuerDiscretionary)
	if err != nil || !ok {
		return t.fail("the contactless directory makes no sense")
	}
	for _, c := range t.entries(directory.Objects) {
		if t.entry(c.app).allowed {
			c.confirm = false // nobody confirms anything while a card is held to a reader
			t.candidates = append(t.candidates, c)
		}
	}
	return nil
}

// combine selects the best application and begins it; the cardholder is not asked (DOMAIN.md D.6).
func combine(t *transaction) *Outcome {
	for {
		if len(t.candidates) == 0 {
			return t.end(SwitchInterface, "no contactless application can be used")
		}
		best := 0
		for i, c := range t.candidates {
			if t.rank(c) < t.rank(t.candidates[best]) {
				best = i
			}
		}
		c := t.candidates[best]
		t.candidates = append(t.candidates[:best:best], t.candidates[best+1:]...)
		selected, out := t.selectFinal(c)
		if out != nil {
			return out
		}
		if !selected {
			continue
		}
		t.own[emv.Tag9F66TTQ] = t.entry(t.app).ttq.Bytes()
		r, out := t.getProcessingOptions()
		if out != nil {
			return out
		}
		if r.SW == emv.SW9000OK {
			return t.takeOptions(r.Data)
		}
		if out := t.refused(r.SW); out != nil {
			return out
		}
	}
}

// refused tells what a refusal of GET PROCESSING OPTIONS means; nil tries the next application.
func (t *transaction) refused(sw emv.StatusWord) *Outcome {
	t.consult("kernel/first-answer")
	for _, f := range t.r.FirstAnswers {
		switch {
		case f.SW != sw:
		case f.Ending == "":
			return nil
		default:
			return t.end(f.Ending, "GET PROCESSING OPTIONS: "+sw.String()+" "+sw.Words())
		}
	}
	return t.fail("GET PROCESSING OPTIONS: " + sw.String() + " " + sw.Words())
}

// generateACFlow is how schemes go on whose cards make their cryptogram at GENERATE AC: as over contacts, without a second one.
func generateACFlow() []Phase {
	return []Phase{
		{"kernel/locate", func(t *transaction) (out *Outcome) { t.afl, out = t.locator(); return out }},
		{"kernel/records", readRecords},
		{"kernel/mandatory", mandatory},
		{"kernel/oda", authenticate},
		{"kernel/restrictions", restrict},
		{"kernel/on-device", onDevice},
		{"kernel/contactless-risk", contactlessRisk},
		{"kernel/action", firstCryptogram},
		{"kernel/online", goOnline},
		{"kernel/last-word", hostDecides},
	}
}

// onDevice takes the phone's word for its owner, or goes through the CVM list.
func onDevice(t *transaction) *Outcome {
	if t.aip&emv.AIP1x02OnDeviceCVM == 0 || t.entry(t.app).ttq&emv.TTQ3x40CDCVM == 0 || !t.trustsDevice() {
		return verifyCardholder(t)
	}
	t.tsi |= emv.TSIx40CVM
	t.cvm.Result = emv.CVMResult02Successful
	if t.cvmRequired() {
		t.cvm.Code, t.onDevice = emv.CVM01PlaintextPIN, true // that is how on-device verification is written
	}
	return nil
}

func (t *transaction) trustsDevice() bool {
	t.consult("kernel/device")
	return t.r.TrustDevice
}

// contactlessRisk: the exception file, and the contactless floor limit in place of the terminal's.
func contactlessRisk(t *transaction) *Outcome {
	t.tsi |= emv.TSIx08TerminalRisk
	if t.c.Exceptions[t.pan] {
		t.tvr |= emv.TVR1x10ExceptionFile
	}
	if t.entry(t.app).ttq&emv.TTQ2x80CryptogramOnline != 0 {
		t.tvr |= emv.TVR4x80OverFloor
	}
	return nil
}

// hostDecides: the card is gone, so the host has the last word; without it nothing is sold.
func hostDecides(t *transaction) *Outcome {
	switch {
	case !t.host.Reached:
		t.arc(ARCZ3UnableDeclined)
		return t.end(DeclinedOffline, "the host was not reached")
	case t.hostApproves():
		return t.end(Approved, "")
	}
	return t.end(Declined, "the host declines")
}
