package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// powerOn starts a life: print what waited, send what is owed, wait for an operator. Sensors may have spoken
// before, while the terminal was off.
func (t *Terminal) powerOn(now time.Time, _ Event, out *Actions) {
	t.state = LoggedOut
	if t.version = t.parameters.Settings[iso8583.Parameter91Version]; t.version == "" {
		t.version = t.Version
	}
	t.consult("terminal/resume-download")
	if t.fetching != nil && !t.fetching.taken && !t.Rules.ResumeDownload {
		t.fetching = nil
	}
	t.consult("terminal/trace")
	t.trace = t.Rules.TraceAfterRestart(t.trace)
	if t.tampered {
		out.show("TAMPERED")
	} else {
		out.show("LOG_IN")
	}
	t.printSlips(out, true)
	if t.pending != nil && t.canClear() && t.network != "" {
		flow := t.owed()
		t.order = order{over: true, plan: Plan{Flow: flow},
			ending: Ending{Kind: Unknown, Flow: flow, Amount: t.payments[t.pending.payment].amount}}
		t.clear(now, out)
	}
}

// warn puts a warning up, unless it would hide what an order says.
func (t *Terminal) warn(screen string, out *Actions) {
	if t.state == Idle || t.state == LoggedOut {
		out.show(screen)
	}
}

func (t *Terminal) paperOut(_ time.Time, _ Event, out *Actions) {
	t.paper = false
	t.warn("PAPER_OUT", out)
}

func (t *Terminal) paperIn(_ time.Time, _ Event, out *Actions) {
	t.paper = true
	if t.state != Off && t.state != Finishing && t.state != WaitingSignature { // complete prints otherwise
		t.printSlips(out, true)
	}
}

func (t *Terminal) batteryLow(_ time.Time, _ Event, out *Actions) {
	t.battery = false
	t.warn("BATTERY_LOW", out)
}

func (t *Terminal) batteryOK(time.Time, Event, *Actions) { t.battery = true }

func (t *Terminal) networkDown(_ time.Time, _ Event, out *Actions) {
	t.network = ""
	t.warn("NETWORK_DOWN", out)
}

// takeNetwork makes the next connections over another network, such as 4G in place of Wi-Fi.
func (t *Terminal) takeNetwork(_ time.Time, e Event, out *Actions) {
	if e.Network == "" || e.Network == t.network {
		return
	}
	t.network = e.Network
	out.add(Action{Kind: UseNetwork, Network: e.Network})
}

// tamper erases all keys. A request that is on the line keeps its pending reversal, which can only be sent when there are
// keys again; an order that waits for somebody is over.
func (t *Terminal) tamper(now time.Time, _ Event, out *Actions) {
	for _, name := range []string{KeyTMK, KeyPIK, KeyMAK, KeyTDK, KeyInitial} {
		t.HSM.Delete(name)
	}
	t.write(out, &tamperLine{})
	switch t.state {
	case WaitingCard, WaitingPIN, WaitingOriginal, WaitingPlan, WaitingConfirm, WaitingSupervisor:
		t.refuse(now, "terminal/tamper", "TAMPERED", out)
	default:
		out.show("TAMPERED")
	}
}
