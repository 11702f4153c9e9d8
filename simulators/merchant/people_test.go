package merchant_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// from asks the office from outside.
func (w *town) from(token pay.Secret, op merchant.Operation, r merchant.Request) merchant.Answer {
	a := w.office.Ask(w.now, token, op, r)
	fmt.Fprintf(&w.said, "from outside: %s %s\n", op, a.Code)
	return a
}

// people open accounts, log in and out, err and wait.
func (w *town) people() {
	var nobody pay.Secret
	mei := merchant.Request{Merchant: noodles, User: "mei", Role: merchant.RoleOwner}
	owed := func(token pay.Secret, number string) {
		w.from(token, merchant.OpOwed, merchant.Request{Merchant: number})
	}
	logIn := func(r merchant.Request, password string) pay.Secret {
		r.Password = merchant.NewPrivate(password)
		if s := w.from(nobody, merchant.OpLogIn, r).Session; s != nil {
			return s.Token.Secret
		}
		return nobody
	}
	change := func(token pay.Secret, from, to string) {
		w.from(token, merchant.OpPassword, merchant.Request{Password: merchant.NewPrivate(from), Fresh: merchant.NewPrivate(to)})
	}
	owed(nobody, noodles)
	first := w.ask(merchant.OpAddUser, mei).Initial.Reveal()
	token := logIn(mei, first)
	owed(token, noodles)
	for _, fresh := range []string{"Short1", "only letters", "sunny meiday 20", first, "Sunny day 20"} {
		change(token, first, fresh)
	}
	const password = "Rainy day 21"
	change(token, "Sunny day 20", "Sunny day 20")
	change(token, "Sunny day 20", password)
	fmt.Fprintln(&w.said, "the journal holds the password:", w.holds(password))
	owed(token, noodles)
	owed(token, hospital)
	lin := merchant.Request{Merchant: noodles, User: "lin", Role: merchant.RoleOperator}
	initial := w.from(token, merchant.OpAddUser, lin).Initial.Reveal()
	operator := logIn(lin, initial)
	change(operator, initial, password)
	w.from(operator, merchant.OpKey, merchant.Request{Merchant: noodles})
	again := logIn(mei, password)
	owed(token, noodles)
	key := w.from(again, merchant.OpKey, merchant.Request{Merchant: noodles}).Key.Secret
	w.from(again, merchant.OpKey, merchant.Request{Merchant: noodles})
	owed(key, noodles)
	for range 80 {
		w.now = w.now.Add(10 * time.Minute)
		owed(again, noodles)
	}
	token = logIn(mei, password)
	w.now = w.now.Add(16 * time.Minute)
	owed(token, noodles)
	token = logIn(mei, password)
	w.from(token, merchant.OpLogOut, merchant.Request{})
	owed(token, noodles)
	logIn(merchant.Request{Merchant: noodles, User: "nobody"}, password)
	for range 5 {
		logIn(mei, "wrong")
	}
	logIn(mei, password)
	w.now = w.now.Add(31 * time.Minute)
	token = logIn(mei, password)
	w.ask(merchant.OpRemoveUser, mei)
	owed(token, noodles)
}

// holds tells whether a text stands in the office's journal, as it is or in base64.
func (w *town) holds(text string) (found bool) {
	w.t.Helper()
	err := w.store.Replay(func(r journal.Record) error {
		found = found || bytes.Contains(r.Data, []byte(text)) || bytes.Contains(r.Data, []byte(base64.StdEncoding.EncodeToString([]byte(text))))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// user is somebody of a drawn life, and what must be true of him.
type user struct {
	request     merchant.Request
	password    string
	token       pay.Secret
	begun, last time.Time
	out, change bool
	tries       int
	tried       time.Time
}

// person has one of a merchant's people log in, err, ask, log out, or be gone: the office must say what the model says.
func (l *life) person() {
	u := &l.users[l.whim.IntN(len(l.users))]
	expect := func(op merchant.Operation, a merchant.Answer, want merchant.Code) {
		if a.Code != want {
			l.odd = append(l.odd, fmt.Sprintf("%s of %s at %s: %s, want %s", op, u.request.User, l.now.Format(time.DateTime), a.Code, want))
		}
	}
	asks := func(op merchant.Operation, r merchant.Request) (merchant.Answer, bool) {
		in := !u.out && l.now.Sub(u.last) <= 15*time.Minute && l.now.Sub(u.begun) <= 12*time.Hour
		if a := l.office.Ask(l.now, u.token, op, r); in {
			u.last = l.now
			return a, true
		} else {
			expect(op, a, merchant.NoSession)
			return a, false
		}
	}
	locked := u.tries >= 5 && l.now.Sub(u.tried) < 30*time.Minute
	switch n := l.whim.IntN(12); {
	case u.password == "" || n == 0:
		a := l.office.Serve(l.now, merchant.OpAddUser, u.request)
		expect(merchant.OpAddUser, a, merchant.OK)
		u.password, u.change, u.out, u.tries = a.Initial.Reveal(), true, true, 0
	case n == 1 && !locked:
		r := u.request
		r.Password = merchant.NewPrivate("wrong")
		if u.tries == 5 { // the lock has ended
			u.tries = 0
		}
		for range l.whim.IntN(6 - u.tries) {
			expect(merchant.OpLogIn, l.office.Ask(l.now, pay.Secret{}, merchant.OpLogIn, r), merchant.BadLogIn)
			u.tries, u.tried = u.tries+1, l.now
		}
	case n < 5:
		r := u.request
		r.Password = merchant.NewPrivate(u.password)
		a := l.office.Ask(l.now, pay.Secret{}, merchant.OpLogIn, r)
		if locked {
			expect(merchant.OpLogIn, a, merchant.Locked)
			return
		}
		if expect(merchant.OpLogIn, a, merchant.OK); a.Session != nil {
			u.token, u.begun, u.last, u.out, u.tries = a.Session.Token.Secret, l.now, l.now, false, 0
		}
	case n == 5:
		if a, in := asks(merchant.OpLogOut, merchant.Request{}); in {
			expect(merchant.OpLogOut, a, merchant.OK)
			u.out = true
		}
	case n == 6:
		fresh := fmt.Sprintf("Rain and sun %d", l.whim.Int64N(1_000_000))
		if a, in := asks(merchant.OpPassword, merchant.Request{Password: merchant.NewPrivate(u.password), Fresh: merchant.NewPrivate(fresh)}); in && !locked {
			expect(merchant.OpPassword, a, merchant.OK)
			u.password, u.change, u.tries = fresh, false, 0
		}
	default:
		number := []string{noodles, hospital}[l.whim.IntN(2)]
		if a, in := asks(merchant.OpOwed, merchant.Request{Merchant: number}); in {
			want := merchant.OK
			if number != u.request.Merchant {
				want = merchant.NotYours
			}
			if u.change {
				want = merchant.ChangeFirst
			}
			expect(merchant.OpOwed, a, want)
		}
	}
}

// busy has people come and go for days, minutes apart.
func (l *life) busy(r merchant.Rules, acts int) []string {
	for range acts {
		l.now = l.now.Add(time.Duration(l.whim.Int64N(int64(8 * time.Minute))))
		l.person()
		if l.whim.IntN(100) == 0 {
			l.restart(r)
		}
	}
	return l.odd
}

// Random days of people: whatever they do, those get in who may; and the flaws of offices are found without knowing them.
func TestRandomPeople(t *testing.T) {
	const acts = 600
	for seed := range uint64(2) {
		r := merchant.Reference()
		odd := newLife(t, r, seed).busy(r, acts)
		for _, text := range odd[:min(10, len(odd))] {
			t.Error(text)
		}
	}
	if testing.Short() {
		return // what follows takes seconds: see TestOfficeDefects
	}
	for _, name := range []string{"merchant-asks-nobody", "merchant-shows-neighbours", "merchant-keeps-first-password", "merchant-never-locks", "merchant-locks-for-ever",
		"merchant-forgets-log-out", "merchant-sessions-never-idle", "merchant-removed-stay"} {
		r := merchant.Reference()
		for _, d := range merchant.OfficeDefects() {
			if d.Name == name {
				d.Edit(&r)
			}
		}
		if len(newLife(t, r, 1).busy(r, acts)) == 0 {
			t.Errorf("%s: %d acts have not found it", name, acts)
		}
	}
}

// A restart finds accounts, locks, sessions and keys as they were.
func TestPeopleOutliveARestart(t *testing.T) {
	r := merchant.Reference()
	l := newLife(t, r, 1)
	mei := merchant.Request{Merchant: noodles, User: "mei", Role: merchant.RoleOwner}
	mei.Password = l.office.Serve(l.now, merchant.OpAddUser, mei).Initial
	token := l.office.Ask(l.now, pay.Secret{}, merchant.OpLogIn, mei).Session.Token.Secret
	key := l.office.Serve(l.now, merchant.OpKey, merchant.Request{Merchant: noodles}).Key.Secret
	lin := merchant.Request{Merchant: noodles, User: "lin", Role: merchant.RoleOperator, Password: merchant.NewPrivate("wrong")}
	l.office.Serve(l.now, merchant.OpAddUser, lin)
	for range 5 {
		l.office.Ask(l.now, pay.Secret{}, merchant.OpLogIn, lin)
	}
	l.restart(r)
	for _, c := range []struct {
		name  string
		token pay.Secret
		op    merchant.Operation
		in    merchant.Request
		want  merchant.Code
	}{
		{"a session that began", token, merchant.OpPassword, merchant.Request{Password: mei.Password, Fresh: merchant.NewPrivate("Sunny day 20")}, merchant.OK},
		{"a key", key, merchant.OpOwed, merchant.Request{Merchant: noodles}, merchant.OK},
		{"a lock", pay.Secret{}, merchant.OpLogIn, lin, merchant.Locked},
	} {
		if a := l.office.Ask(l.now, c.token, c.op, c.in); a.Code != c.want {
			t.Errorf("%s: %s %s, want %s", c.name, a.Code, a.Reason, c.want)
		}
	}
}
