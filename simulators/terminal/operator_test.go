package terminal

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

func TestLogIn(t *testing.T) {
	type try struct{ id, password, screen, operator string }
	tests := []struct {
		name  string
		rules func(*Rules)
		tries []try
	}{
		{"right", nil, []try{{"01", "4719", "READY", "01"}}},
		{"wrong", nil, []try{{"01", "9999", "WRONG_PASSWORD", ""}, {"01", "4719", "READY", "01"}}},
		{"unknown operator", nil, []try{{"55", "4719", "WRONG_PASSWORD", ""}}},
		{"locked at the third", nil, []try{{"01", "1", "WRONG_PASSWORD", ""}, {"01", "2", "WRONG_PASSWORD", ""}, {"01", "3", "OPERATOR_LOCKED", ""},
			{"01", "4719", "OPERATOR_LOCKED", ""}, {"00", "903512", "READY", "00"}}},
		{"a right one clears the count", nil, []try{{"01", "1", "WRONG_PASSWORD", ""}, {"01", "2", "WRONG_PASSWORD", ""}, {"01", "4719", "READY", "01"},
			{"01", "3", "WRONG_PASSWORD", "01"}}},
		{"factory password", nil, []try{{"02", "0000", "WEAK_PASSWORD", ""}}},
		{"factory password by rule", func(r *Rules) { r.FactoryPasswords = true }, []try{{"02", "0000", "READY", "02"}}},
		{"never locked by rule", func(r *Rules) { r.LoginTries = 0 }, []try{{"01", "1", "WRONG_PASSWORD", ""}, {"01", "1", "WRONG_PASSWORD", ""},
			{"01", "1", "WRONG_PASSWORD", ""}, {"01", "4719", "READY", "01"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				if test.rules != nil {
					test.rules(c.Rules)
				}
			})
			b.step(Event{Kind: LogOut})
			for _, try := range test.tries {
				b.forget()
				b.logIn(try.id, try.password)
				same(t, "screens", []string{try.screen}, b.screens)
				same(t, "operator", try.operator, b.till.Status().Operator)
			}
		})
	}
}

// Pulling the plug does not give an attacker three more tries, and neither does it undo an unlocking.
func TestLockOutlivesPowerCut(t *testing.T) {
	b := newBench(t)
	b.step(Event{Kind: LogOut})
	b.logIn("01", "1")
	b.logIn("01", "2")
	b.powerCycle()
	b.logIn("01", "3")
	b.mustShow("OPERATOR_LOCKED")
	b.powerCycle()
	b.forget()
	b.logIn("01", "4719")
	same(t, "screens", []string{"OPERATOR_LOCKED"}, b.screens)

	b.logIn("00", "903512")
	b.step(Event{Kind: Unlock, Operator: "01"})
	b.mustShow("UNLOCKED")
	b.powerCycle()
	b.logIn("01", "4719")
	same(t, "operator", "01", b.till.Status().Operator)
}

func TestSetPassword(t *testing.T) {
	set := func(b *bench, id, password string) {
		b.forget()
		b.step(Event{Kind: SetPassword, Operator: id, Password: pay.NewSecret(password)})
	}
	b := newBench(t)
	for _, weak := range []string{"", "471", "0000", "7777", "1234", "4321", "7890", "0987"} {
		set(b, "", weak)
		same(t, weak, []string{"WEAK_PASSWORD"}, b.screens)
	}
	set(b, "00", "583920")
	same(t, "a cashier for the supervisor", []string{"NOT_ALLOWED"}, b.screens)
	set(b, "", "5839")
	same(t, "good", []string{"PASSWORD_CHANGED"}, b.screens)
	b.powerCycle()
	b.logIn("01", "4719")
	b.mustShow("WRONG_PASSWORD")
	b.logIn("01", "5839")
	same(t, "operator", "01", b.till.Status().Operator)

	b.step(Event{Kind: LogOut})
	b.logIn("02", "0000")
	same(t, "state", "waiting for a new password", b.till.Status().State)
	set(b, "", "1111")
	same(t, "still weak", []string{"WEAK_PASSWORD"}, b.screens)
	set(b, "", "6284")
	same(t, "forced change", []string{"PASSWORD_CHANGED", "READY"}, b.screens)
	same(t, "operator", "02", b.till.Status().Operator)
	set(b, "", "12345")
	same(t, "a run", []string{"WEAK_PASSWORD"}, b.screens)
}

// Each role has its own length (DOMAIN.md A.15).
func TestPasswordRulesByRole(t *testing.T) {
	for _, test := range []struct {
		id, password, set, screen string
	}{
		{"00", "903512", "58392", "WEAK_PASSWORD"},
		{"00", "903512", "583920", "PASSWORD_CHANGED"},
		{"00", "903512", "123456", "WEAK_PASSWORD"},
		{"99", "58130472", "5839201", "WEAK_PASSWORD"},
		{"99", "58130472", "58392017", "PASSWORD_CHANGED"},
		{"99", "58130472", "12345678", "WEAK_PASSWORD"},
	} {
		b := newBench(t)
		b.logIn(test.id, test.password)
		b.forget()
		b.step(Event{Kind: SetPassword, Password: pay.NewSecret(test.set)})
		same(t, test.id+" "+test.set, []string{test.screen}, b.screens)
	}
}

func TestAddAndRemoveOperators(t *testing.T) {
	b := newBench(t)
	step := func(kind EventKind, id, password, screen string) {
		t.Helper()
		b.forget()
		b.step(Event{Kind: kind, Operator: id, Password: pay.NewSecret(password)})
		same(t, fmt.Sprintf("%s %s", kind, id), []string{screen}, b.screens)
	}
	step(AddOperator, "05", "6284", "NOT_ALLOWED") // by a cashier
	step(RemoveOperator, "02", "", "NOT_ALLOWED")
	b.logIn("00", "903512")
	step(AddOperator, "5", "", "NOT_ALLOWED") // no number
	step(AddOperator, "99", "", "NOT_ALLOWED")
	step(AddOperator, "01", "", "OPERATOR_EXISTS")
	step(AddOperator, "05", "1111", "WEAK_PASSWORD")
	step(AddOperator, "05", "6284", "OPERATOR_ADDED")
	step(AddOperator, "06", "", "OPERATOR_ADDED")
	step(RemoveOperator, "00", "", "NOT_ALLOWED") // himself
	step(RemoveOperator, "77", "", "NOT_ALLOWED")
	step(RemoveOperator, "02", "", "OPERATOR_REMOVED")
	b.powerCycle()
	for id, want := range map[string]struct{ password, screen string }{
		"05": {"6284", "READY"}, "06": {"0000", "WEAK_PASSWORD"}, "02": {"0000", "WRONG_PASSWORD"}, "01": {"4719", "READY"}} {
		b.step(Event{Kind: LogOut})
		b.forget()
		b.logIn(id, want.password)
		same(t, id, []string{want.screen}, b.screens)
	}
	b.step(Event{Kind: LogOut})
	b.logIn("99", "58130472")
	step(RemoveOperator, "99", "", "NOT_ALLOWED")
	step(RemoveOperator, "00", "", "OPERATOR_REMOVED")
	step(AddOperator, "00", "", "OPERATOR_ADDED") // the administrator looks after supervisors
}

// Who approves, and what the rules may have otherwise.
func TestApproval(t *testing.T) {
	tests := []struct {
		name, id, password string
		rules              func(*Rules)
		screen             string
		need               Need
	}{
		{"supervisor", "00", "903512", nil, "ENTER_VOUCHER", NeedOriginal},
		{"administrator", "99", "58130472", nil, "NOT_ALLOWED", NeedSupervisor},
		{"administrator by rule", "99", "58130472", func(r *Rules) { r.Approves = func(by Role, _ bool) bool { return by != Cashier } }, "ENTER_VOUCHER", NeedOriginal},
		{"the cashier himself", "01", "4719", nil, "NOT_ALLOWED", NeedSupervisor},
		{"wrong", "00", "1", nil, "WRONG_PASSWORD", NeedSupervisor},
		{"nobody", "55", "1", nil, "WRONG_PASSWORD", NeedSupervisor},
		{"a weak password proves nothing", "00", "903512", func(r *Rules) { r.WeakPassword = func(Role, string) bool { return true } }, "WEAK_PASSWORD", NeedSupervisor},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			if test.rules != nil {
				test.rules(b.config.Rules)
			}
			b.step(Event{Kind: Choose, Flow: pay.Void})
			b.forget()
			b.logIn(test.id, test.password)
			same(t, "screens", []string{test.screen}, b.screens)
			same(t, "need", test.need, b.need)
			same(t, "operator", "01", b.till.Status().Operator)
		})
	}
}

func TestNobodyTradesLoggedOut(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.forget()
	b.step(Event{Kind: Fired, Timer: TimerIdle})
	same(t, "state", "logged out", b.till.Status().State)
	same(t, "timers", 0, len(b.timers))
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	same(t, "ending", Ending{Kind: Refused, Flow: pay.Sale, Screen: "LOG_IN", Amount: pay.CNY(1000)}, b.ending())
	same(t, "exchanges", 0, len(b.exchanges))
	b.logIn("01", "4719")
	same(t, "idle timer", b.dialect.Timers.IdleLogout, b.timers[TimerIdle])
}

// What an order needs is data: a flow that wants the green key and the supervisor gets both asked for.
func TestNeedsAreData(t *testing.T) {
	b := newBench(t, func(c *Config) {
		for i, p := range c.Rules.Plans {
			if p.Flow == pay.Sale {
				c.Rules.Plans[i].Needs = []Need{NeedSupervisor, NeedCard, NeedConfirm}
			}
		}
	})
	b.signIn()
	b.forget()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.logIn("01", "4719")
	b.mustShow("NOT_ALLOWED")
	same(t, "need", NeedSupervisor, b.need)
	b.logIn("00", "903512")
	same(t, "operator", "01", b.till.Status().Operator)
	b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(freeTrack)}})
	same(t, "need", NeedConfirm, b.need)
	b.step(Event{Kind: Confirm})
	same(t, "ending", Approved, b.ending().Kind)
}

func TestNewRefusesNonsense(t *testing.T) {
	good := newBench(t).config
	for name, edit := range map[string]func(*Config){
		"no dialect":      func(c *Config) { c.Dialect = nil },
		"no HSM":          func(c *Config) { c.HSM = nil },
		"no rules":        func(c *Config) { c.Rules = nil },
		"operator number": func(c *Config) { c.Operators = []Operator{{ID: "1"}} },
		"operator role":   func(c *Config) { c.Operators = []Operator{{ID: "01", Role: "owner"}} },
	} {
		c := good
		edit(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}
