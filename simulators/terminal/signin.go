package terminal

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// signInAnswered adopts what a sign-in brought: keys, batch number, clock (DOMAIN.md A.8). If the sign-in came before
// another order, that order then goes on.
func (t *Terminal) signInAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	if rule.Category != iso8583.CategoryApproved {
		t.signOff(out)
		t.tellDeclined(rule, m, out)
		t.finish(out)
		return
	}
	if !t.newKeys(now, m, out) {
		return
	}
	batch := t.batch
	t.consult("terminal/batch")
	if b := m.Get(iso8583.Batch); t.Rules.AdoptBatch && b != "" {
		batch = b
	}
	lines := []line{&signLine{On: true, Batch: batch}}
	t.consult("terminal/overtaken")
	overtaken := t.settling != nil && batch != t.batch && t.Rules.Overtaken
	if overtaken {
		over, err := t.overtaken(now, batch)
		if err != nil {
			t.fault(now, err, out)
			return
		}
		lines = append([]line{over}, lines...)
	}
	t.write(out, lines...)
	if overtaken {
		t.printSlips(out, false)
	}
	t.consult("terminal/clock")
	t.consult("terminal/host-time")
	if at, ok := t.Rules.HostTime(m, now); ok && t.Rules.AdoptClock {
		out.add(Action{Kind: SetClock, At: at})
	}
	if !t.ownExchange() {
		t.proceed(now, out)
		return
	}
	t.tell(t.doneAs(rule, m), out)
	t.clear(now, out) // what had to wait for a MAC key
}

// newKeys takes the answer's keys into use, or ends the order without a sign-in.
func (t *Terminal) newKeys(now time.Time, m *iso8583.Message, out *Actions) bool {
	why := t.loadKeys(m)
	if why != "" {
		t.signOff(out)
		t.refuse(now, "terminal/kcv", "KEYS_REJECTED", out)
	}
	return why == ""
}

// keysChanged takes the keys of a key change into use. The session goes on in its batch; a host that refuses has changed none.
func (t *Terminal) keysChanged(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	if rule.Category != iso8583.CategoryApproved {
		t.tellDeclined(rule, m, out)
		t.finish(out)
		return
	}
	if t.newKeys(now, m, out) {
		t.tell(t.doneAs(rule, m), out)
		t.finish(out)
	}
}

// doubtsKeys: the host may have changed the keys in an exchange that brought no answer.
func (t *Terminal) doubtsKeys(flow pay.Flow) bool {
	if flow == pay.KeyChange {
		t.consult("terminal/key-doubt")
		return t.Rules.KeyDoubt
	}
	return flow == pay.SignIn
}

// loadKeys gives the answer's keys to the HSM, which compares their check values. It says why they cannot be used, or
// nothing. No key of the old set is lost when the new one is refused.
func (t *Terminal) loadKeys(m *iso8583.Message) (why string) {
	if t.Dialect.Security.Keys == "none" {
		return ""
	}
	names := hsm.KeyNames{PIK: KeyPIK, MAK: KeyMAK}
	if t.KeyScheme == "004" || t.KeyScheme == "006" {
		names.TDK = KeyTDK
	}
	f62 := m.Get(iso8583.Keys)
	if f62 == "" && t.Dialect.Switches.EmptyKeysMeansNoChange && t.HSM.Has(KeyMAK) {
		return ""
	}
	failed, err := t.HSM.LoadWorkingKeys(KeyTMK, []byte(f62), names, t.sm4(), hsm.MAKLength(t.Dialect.Switches.MAKLength))
	t.consult("terminal/kcv")
	switch {
	case err != nil:
		return err.Error()
	case failed != "" && t.Rules.CheckKCV:
		return fmt.Sprintf("the check value of the %s does not fit", failed)
	case names.TDK == "":
		t.HSM.Delete(KeyTDK) // one of an earlier scheme
	case !t.HSM.Has(KeyTDK):
		return "there is no TDK among the keys"
	}
	return ""
}

// nameKeys puts the key scheme where the dialect's sign-in has a code for it (DOMAIN.md A.5.1); elsewhere the network code
// only says that it is a sign-in.
func (t *Terminal) nameKeys(m *iso8583.Message) {
	fixed := m.Get(iso8583.NetworkCode)
	m.Set(iso8583.NetworkCode, t.KeyScheme)
	if tx, _, ok := t.Dialect.Identify(m); !ok || tx.Flow != pay.SignIn {
		m.Set(iso8583.NetworkCode, fixed)
	}
}

func (t *Terminal) sm4() bool { return t.KeyScheme == "005" || t.KeyScheme == "006" }

// signOff drops the signed-in flag.
func (t *Terminal) signOff(out *Actions) {
	if t.signedIn {
		t.write(out, &signLine{})
	}
}

// serialInfo is the serial number as F62 of a sign-in has it (DOMAIN.md A.8).
func (t *Terminal) serialInfo() string {
	if t.Serial == "" {
		return ""
	}
	return fmt.Sprintf("Sequence No%02d%s", len(t.Serial), t.Serial)
}

// ownExchange tells that the exchange is the order's own, not one that comes before it.
func (t *Terminal) ownExchange() bool { return t.exchange.flow == t.order.plan.Flow }

// hostTime reads the host's F12 and F13. They have no year: it is the one that comes nearest to the terminal's clock.
func hostTime(m *iso8583.Message, now time.Time) (at time.Time, ok bool) {
	digits := m.Get(iso8583.LocalDate) + m.Get(iso8583.LocalTime)
	for year := now.Year() - 1; year <= now.Year()+1; year++ {
		candidate, err := time.ParseInLocation("20060102150405", fmt.Sprintf("%04d%s", year, digits), now.Location())
		if err == nil && (!ok || candidate.Sub(now).Abs() < at.Sub(now).Abs()) {
			at, ok = candidate, true
		}
	}
	return at, ok
}
