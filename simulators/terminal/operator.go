package terminal

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Role is what an operator may do (DOMAIN.md A.15).
type Role string

// The roles.
const (
	Cashier       Role = "cashier"       // 01 to 98
	Supervisor    Role = "supervisor"    // 00
	Administrator Role = "administrator" // 99
)

// Operator is somebody who may log in. The terminal keeps a salted hash of the password only.
type Operator struct {
	ID       string // two digits
	Role     Role   // "" is the role that A.15 gives the number
	Password pay.Secret
}

type operator struct {
	id     string
	role   Role
	hash   []byte
	tries  int // wrong ones since the last right one
	locked bool
}

func newOperator(o Operator) (*operator, error) {
	if len(o.ID) != 2 || !digitsOnly(o.ID) {
		return nil, fmt.Errorf("operator %q: want two digits", o.ID)
	}
	known := &operator{id: o.ID, role: o.Role}
	switch {
	case o.Role != "" && o.Role != Cashier && o.Role != Supervisor && o.Role != Administrator:
		return nil, fmt.Errorf("operator %s: role %q: want cashier, supervisor or administrator", o.ID, o.Role)
	case o.Role != "":
	case o.ID == "99":
		known.role = Administrator
	case o.ID == "00":
		known.role = Supervisor
	default:
		known.role = Cashier
	}
	return known, nil
}

// saltedHash is plain SHA-256 with a salt: no slow hash protects four digits from somebody who has the device, and the lock
// protects them from everybody else.
func saltedHash(salt, password string) []byte {
	sum := sha256.Sum256([]byte(salt + "/" + password))
	return sum[:]
}

func (t *Terminal) hash(o *operator, password pay.Secret) []byte {
	t.consult("terminal/password-hash")
	return t.Rules.Hash(t.Serial+"/"+o.id, password.Reveal())
}

func (o *operator) line() *operatorLine {
	return &operatorLine{ID: o.id, Tries: o.tries, Locked: o.locked, Hash: o.hash}
}

// keepOperator writes an operator's state down, where the rules have wrong tries and locks outlive the power.
func (t *Terminal) keepOperator(l *operatorLine, out *Actions) {
	t.consult("terminal/lock-kept")
	if t.Rules.KeepLocks {
		t.write(out, l)
	} else {
		l.apply(t)
	}
}

func (t *Terminal) find(id string) *operator {
	for _, o := range t.operators {
		if o.id == id {
			return o
		}
	}
	return nil
}

// knows checks an operator's password and counts the wrong ones against him, up to so many tries; 0 is no end. It shows why it
// is not taken.
func (t *Terminal) knows(now time.Time, e Event, tries int, out *Actions) *operator {
	o := t.find(e.Operator)
	switch {
	case o == nil: // says no more than for a wrong password
		out.show("WRONG_PASSWORD")
		return nil
	case o.locked:
		t.decide(now, "terminal/login-tries", "operator "+o.id+" is locked")
		out.show("OPERATOR_LOCKED", o.id)
		return nil
	case subtle.ConstantTimeCompare(o.hash, t.hash(o, e.Password)) == 1:
		if o.tries > 0 {
			l := o.line()
			l.Tries = 0
			t.keepOperator(l, out)
		}
		return o
	}
	l := o.line()
	l.Tries++
	t.consult("terminal/login-tries")
	l.Locked = tries > 0 && l.Tries >= tries
	t.keepOperator(l, out)
	if l.Locked {
		out.show("OPERATOR_LOCKED", o.id)
	} else {
		out.show("WRONG_PASSWORD")
	}
	return nil
}

// logIn takes an operator in. A weak password must be changed first. What is under way goes on.
func (t *Terminal) logIn(now time.Time, e Event, out *Actions) {
	o := t.knows(now, e, t.Rules.LoginTries, out)
	if o == nil {
		return
	}
	if t.isWeak(o.role, e.Password) {
		if t.state != LoggedOut && t.state != Idle && t.state != NewPassword {
			out.show("WEAK_PASSWORD")
			return
		}
		t.operator, t.weak = nil, o
		t.wait(NewPassword, NeedPassword, out, "WEAK_PASSWORD")
		return
	}
	t.enter(o, out)
}

func (t *Terminal) enter(o *operator, out *Actions) {
	t.operator, t.weak = o, nil
	if t.state == LoggedOut || t.state == Idle || t.state == NewPassword {
		out.show("READY")
		t.rest(out)
	}
}

func (t *Terminal) logOut(_ time.Time, _ Event, out *Actions) {
	t.operator, t.weak, t.state = nil, nil, LoggedOut
	out.add(Action{Kind: StopTimer, Timer: TimerIdle})
	out.show("LOG_IN")
}

func (t *Terminal) askLogIn(now time.Time, e Event, out *Actions) {
	if e.Kind == SetPassword {
		out.show("LOG_IN")
		return
	}
	t.order = order{plan: Plan{Flow: e.Flow}, amount: e.Amount}
	t.refuse(now, "terminal/operator", "LOG_IN", out)
}

func (t *Terminal) isWeak(r Role, password pay.Secret) bool {
	t.consult("terminal/weak-password")
	p := password.Reveal()
	return !(t.Rules.FactoryPasswords && factoryPassword(p)) && t.Rules.WeakPassword(r, p)
}

// setPassword changes one's own password, or the one that a supervisor names.
func (t *Terminal) setPassword(_ time.Time, e Event, out *Actions) {
	o := t.operator
	if t.weak != nil {
		o = t.weak
	} else if e.Operator != "" && e.Operator != o.id {
		o = t.underling(e.Operator, out)
	}
	switch {
	case o == nil:
	case t.isWeak(o.role, e.Password):
		out.show("WEAK_PASSWORD")
	default:
		l := o.line()
		l.Hash, l.Tries, l.Locked = t.hash(o, e.Password), 0, false
		t.write(out, l)
		out.show("PASSWORD_CHANGED", o.id)
		if t.weak != nil {
			t.enter(o, out)
		}
	}
}

// whoIsIn is the number of the operator who is logged in; "" for nobody.
func (t *Terminal) whoIsIn() string {
	if t.operator == nil {
		return ""
	}
	return t.operator.id
}

// named is the operator whom messages and slips name.
func (t *Terminal) named() string {
	t.consult("terminal/operator")
	return t.Rules.Operator(t)
}

// unlock lifts the lock of another operator.
func (t *Terminal) unlock(_ time.Time, e Event, out *Actions) {
	if o := t.underling(e.Operator, out); o != nil {
		l := o.line()
		l.Tries, l.Locked = 0, false
		t.write(out, l)
		out.show("UNLOCKED", o.id)
	}
}

// underling finds an operator whom the one who is logged in looks after.
func (t *Terminal) underling(id string, out *Actions) *operator {
	o := t.find(id)
	t.consult("terminal/manages")
	if o == nil || !t.Rules.Manages(t.operator.role, o.role) {
		out.show("NOT_ALLOWED")
		return nil
	}
	return o
}

// addOperator takes on a cashier. Without a password he gets his role's common default (DOMAIN.md A.15), which he must change at
// his first log-in.
func (t *Terminal) addOperator(_ time.Time, e Event, out *Actions) {
	o, err := newOperator(Operator{ID: e.Operator})
	t.consult("terminal/manages")
	switch {
	case err != nil || !t.Rules.Manages(t.operator.role, o.role):
		out.show("NOT_ALLOWED")
		return
	case t.find(o.id) != nil:
		out.show("OPERATOR_EXISTS", o.id)
		return
	case e.Password.IsZero():
		e.Password = pay.NewSecret(factoryPasswords[o.role])
	case t.isWeak(o.role, e.Password):
		out.show("WEAK_PASSWORD")
		return
	}
	t.write(out, &operatorLine{ID: o.id, New: o.role, Hash: t.hash(o, e.Password)})
	out.show("OPERATOR_ADDED", o.id)
}

// removeOperator takes an operator off the list; nobody removes himself.
func (t *Terminal) removeOperator(_ time.Time, e Event, out *Actions) {
	o := t.underling(e.Operator, out)
	switch {
	case o == nil:
	case o == t.operator:
		out.show("NOT_ALLOWED")
	default:
		t.write(out, &operatorLine{ID: o.id, Gone: true})
		out.show("OPERATOR_REMOVED", o.id)
	}
}

// needsSupervisor: a completion void is approved where the operator's parameters have it (DOMAIN.md A.15).
func (t *Terminal) needsSupervisor() bool {
	t.consult("terminal/open-approves")
	if t.Rules.OpenApproves && t.operator.role == Supervisor {
		return false
	}
	t.consult("terminal/approval")
	approval := t.order.plan.Approval
	return approval == nil || approval(t.Dialect.Switches)
}

// approveBySupervisor takes the supervisor's number and password for an order that needs them (DOMAIN.md A.15), also while he is
// logged in himself: what he left open must not approve for others.
func (t *Terminal) approveBySupervisor(now time.Time, e Event, out *Actions) {
	t.consult("terminal/approval-tries")
	t.consult("terminal/approves")
	switch o := t.knows(now, e, t.Rules.ApprovalTries, out); {
	case o == nil:
	case !t.Rules.Approves(o.role, o == t.operator):
		out.show("NOT_ALLOWED")
	case t.isWeak(o.role, e.Password): // must be changed before it proves anything
		out.show("WEAK_PASSWORD")
	default:
		t.gained(now, out)
		return
	}
	out.add(Action{Kind: Ask, Need: NeedSupervisor})
}

// TimerIdle is the timer that logs an operator out who does nothing.
const TimerIdle = "idle"

func (t *Terminal) startIdle(out *Actions) {
	t.consult("terminal/idle")
	if d := t.Dialect.Timers.IdleLogout; d > 0 && t.Rules.IdleLogout {
		out.add(Action{Kind: StartTimer, Timer: TimerIdle, After: d})
	}
}
