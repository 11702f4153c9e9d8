package steps

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// member is somebody on the list of a till's operators.
type member struct {
	role     terminal.Role
	password string
	tries    int // wrong ones in a row
	locked   bool
}

// staff are the operators of a till, by number, and what steps type for those of the cast.
type staff struct {
	list map[string]*member
	cast map[string]string
}

// staffOf gives the operators of a till as its shop hired them and as they are now.
func (p *player) staffOf(till string) staff {
	if s, ok := p.staff[till]; ok {
		return s
	}
	s := staff{map[string]*member{}, map[string]string{}}
	shop, _, _ := p.world.Rig.Cast.Till(till) // else it has none
	for _, o := range shop.Operators {
		s.list[o.Number], s.cast[o.Number] = &member{role: terminal.Role(o.Role), password: o.Password}, o.Password
	}
	p.staff[till] = s
	return s
}

// lockedAfter is how many wrong passwords in a row lock somebody (DOMAIN.md A.15).
const lockedAfter = 3

// types is what a till shows of a number and a password; "" when it takes them.
func (s staff) types(number, password string) string {
	m := s.list[number]
	switch {
	case m == nil:
		return "WRONG_PASSWORD"
	case m.locked:
		return "OPERATOR_LOCKED"
	case m.password == password:
		m.tries = 0
		return ""
	}
	if m.tries++; m.tries >= lockedAfter {
		m.locked = true
		return "OPERATOR_LOCKED"
	}
	return "WRONG_PASSWORD"
}

// weak tells a password that is shorter than its role wants, one digit over and over, or a run (DOMAIN.md A.15).
func weak(r terminal.Role, password string) bool {
	shortest := map[terminal.Role]int{terminal.Cashier: 4, terminal.Supervisor: 6, terminal.Administrator: 8}[r]
	return len(password) < shortest || strings.Count(password, password[:1]) == len(password) || strings.Contains("01234567890", password) ||
		strings.Contains("09876543210", password)
}

// overlooks tells that somebody takes on, unlocks and removes another: the supervisor the cashiers, the administrator everybody (DOMAIN.md A.15).
func (s staff) overlooks(by string, of terminal.Role) bool {
	role := s.list[by].role
	return role == terminal.Administrator || role == terminal.Supervisor && of == terminal.Cashier
}

// peopleDeeds are what operators do among themselves.
func peopleDeeds() []deed {
	text := func(words string) func(*player, *act) string {
		return func(_ *player, a *act) string {
			return strings.NewReplacer("{op}", strconv.Quote(a.op), "{other}", strconv.Quote(a.other), "{till}", strconv.Quote(a.till), "{text}", strconv.Quote(a.text)).Replace(words)
		}
	}
	return []deed{
		{name: "log in", weight: 8, draw: drawLogIn, words: logInWords, people: logsInAs},
		{name: "unlock", weight: 4, draw: drawPeople([]string{"00", "01", "02", "99"}, []string{"01", "02", "00"}), words: text("operator {op} unlocks operator {other} at {till}"), people: unlocks},
		{name: "hire", weight: 3, draw: drawPeople([]string{"00", "00", "01", "99"}, []string{"05"}), words: text("operator {op} adds operator {other} at {till}"), people: hires},
		{name: "fire", weight: 1, draw: drawPeople([]string{"00", "01", "99"}, []string{"02", "05"}), words: text("operator {op} removes operator {other} at {till}"), people: fires},
		{name: "password", weight: 3, draw: drawPassword, words: text("operator {op} changes the password at {till} to {text}"), people: rechooses},
		{name: "void, watched", weight: 6, onto: voids, watched: true, draw: drawWatched, words: says("{who} has {payment} voided at {till} without the supervisor")},
		{name: "refund, watched", weight: 3, onto: refunds, watched: true, draw: drawWatched, words: says("{who} has {amount} of {payment} refunded at {till} without the supervisor")},
	}
}

// drawPeople draws who does something to whom, at the till of a shop that has several operators.
func drawPeople(ops, others []string) func(*player, *rand.Rand, *act) bool {
	return func(_ *player, r *rand.Rand, a *act) bool {
		a.till, a.op, a.other, a.choice = []string{"T1", "T1", "T2"}[r.IntN(3)], ops[r.IntN(len(ops))], others[r.IntN(len(others))], r.IntN(12)
		return a.op != a.other
	}
}

// drawLogIn draws who logs in, and how often he mistypes his password. The first cashier never does: nobody else opens the shop in the morning.
func drawLogIn(p *player, r *rand.Rand, a *act) bool {
	drawPeople([]string{"01", "02", "02", "02", "00", "99", "05"}, []string{""})(p, r, a)
	if a.op != "01" && a.op != "05" {
		a.times = []int{0, 0, 1, 2, 3}[r.IntN(5)]
	}
	return true
}

func logInWords(p *player, a *act) string {
	s := p.staffOf(a.till)
	m, known := s.list[a.op]
	switch own := known && m.password != s.cast[a.op]; {
	case a.times > 0:
		return fmt.Sprintf("operator %q logs in at %q with a wrong password%s", a.op, a.till, timesOf(a.times))
	case own:
		return fmt.Sprintf("operator %q types password %q at %q", a.op, m.password, a.till)
	case s.cast[a.op] == "":
		return fmt.Sprintf("operator %q types password %q at %q", a.op, "0000", a.till)
	}
	return fmt.Sprintf("operator %q logs in at %q", a.op, a.till)
}

func timesOf(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" %d times", n)
}

// logsInAs gives what a till must show of a log-in, and who is in then.
func logsInAs(s staff, a *act, in string) (screens []string, now string) {
	m, known := s.list[a.op]
	own := known && m.password != s.cast[a.op]
	password := s.cast[a.op]
	switch {
	case a.times > 0:
		for range a.times {
			screens = append(screens, s.types(a.op, "another"))
		}
		return screens, ""
	case own:
		password = m.password
	case password == "":
		password = "0000"
	default:
		in = "" // whoever was in is logged out first
	}
	if screen := s.types(a.op, password); screen != "" {
		return []string{screen}, in
	}
	if weak(m.role, password) {
		return []string{"WEAK_PASSWORD"}, ""
	}
	return nil, a.op
}

// enters logs somebody in with the password that steps type for him.
func (s staff) enters(a *act) (screens []string, in string) {
	if screen := s.types(a.op, s.cast[a.op]); screen != "" {
		return []string{screen}, ""
	}
	return nil, a.op
}

func unlocks(s staff, a *act, _ string) ([]string, string) {
	screens, in := s.enters(a)
	switch other := s.list[a.other]; {
	case in == "":
		return screens, in
	case other == nil || !s.overlooks(a.op, other.role):
		return []string{"NOT_ALLOWED"}, in
	default:
		other.tries, other.locked = 0, false
		return []string{"UNLOCKED"}, in
	}
}

func hires(s staff, a *act, _ string) ([]string, string) {
	screens, in := s.enters(a)
	switch {
	case in == "":
		return screens, in
	case !s.overlooks(a.op, terminal.Cashier):
		return []string{"NOT_ALLOWED"}, in
	case s.list[a.other] != nil:
		return []string{"OPERATOR_EXISTS"}, in
	}
	s.list[a.other] = &member{role: terminal.Cashier, password: "0000"}
	return []string{"OPERATOR_ADDED"}, in
}

func fires(s staff, a *act, _ string) ([]string, string) {
	screens, in := s.enters(a)
	switch other := s.list[a.other]; {
	case in == "":
		return screens, in
	case other == nil || !s.overlooks(a.op, other.role):
		return []string{"NOT_ALLOWED"}, in
	}
	delete(s.list, a.other)
	return []string{"OPERATOR_REMOVED"}, in
}

// drawPassword draws a new password; the supervisor, without whom no void is approved, only tries what he must not get.
func drawPassword(p *player, r *rand.Rand, a *act) bool {
	drawPeople([]string{"00", "02", "99"}, []string{""})(p, r, a)
	all := map[string][]string{"00": {"7392", "73925", "111111"}, "02": {"739", "7392", "1234"}, "99": {"739251", "73925168", "60417295"}}[a.op]
	a.text = all[r.IntN(len(all))]
	return true
}

func rechooses(s staff, a *act, _ string) ([]string, string) {
	screens, in := s.enters(a)
	switch {
	case in == "":
		return screens, in
	case weak(s.list[a.op].role, a.text):
		return []string{"WEAK_PASSWORD"}, in
	}
	s.list[a.op].password = a.text
	return []string{"PASSWORD_CHANGED"}, in
}

// manned has people do something among themselves, and holds what the till shows of it to the list of its operators.
func (p *player) manned(d deed, a *act) error {
	t, err := p.till(a.till)
	if err != nil {
		return err
	}
	words, shown := d.words(p, a), len(t.Screens)
	want, in := d.people(p.staffOf(a.till), a, t.Status().Operator)
	if err := p.say("When", words); err != nil {
		return err
	}
	p.typed[a.till] = true
	if err := p.people(t, shown, want, in); err != nil {
		return err
	}
	if t.Need() != terminal.NeedPassword {
		return nil
	}
	for _, password := range []string{"0000", "6284"} { // he must choose his own
		shown, want := len(t.Screens), []string{"PASSWORD_CHANGED"}
		if m := p.staffOf(a.till).list[a.op]; weak(m.role, password) {
			want = []string{"WEAK_PASSWORD"}
		} else {
			m.password, in = password, a.op
		}
		if err := p.say("When", fmt.Sprintf("%q is chosen as the new password at %q", password, a.till)); err != nil {
			return err
		}
		if err := p.people(t, shown, want, in); err != nil {
			return err
		}
	}
	return nil
}

// peopleScreens are what a till shows of operators.
var peopleScreens = []string{"WRONG_PASSWORD", "OPERATOR_LOCKED", "WEAK_PASSWORD", "NOT_ALLOWED", "UNLOCKED", "OPERATOR_ADDED", "OPERATOR_EXISTS",
	"OPERATOR_REMOVED", "PASSWORD_CHANGED"}

// people holds what a till has shown of operators, and who is in, to what must be.
func (p *player) people(t *rig.Till, shown int, want []string, in string) error {
	var got []string
	for _, s := range t.Screens[min(shown, len(t.Screens)):] {
		if slices.Contains(peopleScreens, s.ID) {
			got = append(got, s.ID)
		}
	}
	is := t.Status().Operator
	if slices.Equal(got, want) && (is == in || t.Status().State == "off") {
		return nil
	}
	then := ""
	switch missing := slices.IndexFunc(want, func(s string) bool { return !slices.Contains(got, s) }); {
	case is != in && in == "":
		then = fmt.Sprintf("%q is logged out", t.Name)
	case missing >= 0:
		then = fmt.Sprintf("%q shows %s", t.Name, want[missing])
	case is != in:
		then = fmt.Sprintf("%q is ready", t.Name)
	}
	return p.finds("people", fmt.Sprintf("after %s: the till shows %q and has operator %q in, it should be %q and %q", p.lastWhen(), got, is, want, in), then)
}

// approval is somebody who types his password where a supervisor's approval is wanted.
type approval struct {
	op    string
	times int // that he mistypes it; 0: he does not
}

// drawWatched draws a payment that is to be given back, and who tries to approve it.
func drawWatched(p *player, r *rand.Rand, a *act) bool {
	if drawOriginal(p, r, a, p.deed(a).onto, func(*payment) bool { return true }) == nil {
		return false
	}
	ops := []string{"01", "02", "99", "00"}
	for range 1 + r.IntN(3) {
		one := approval{op: ops[r.IntN(len(ops))]}
		if one.op != "01" {
			one.times = []int{0, 0, 1, 2, 3}[r.IntN(5)]
		}
		a.approvals = append(a.approvals, one)
	}
	return a.till == "T1" || a.till == "T2"
}

// approves has people try to approve what a till wants the supervisor for; if none of them is he, the cashier gives the order up.
func (p *player) approves(a *act, t *rig.Till) error {
	s := p.staffOf(a.till)
	p.typed[a.till] = true
	for _, one := range a.approvals {
		shown, in, want, done := len(t.Screens), t.Status().Operator, []string(nil), false
		text := fmt.Sprintf("operator %q approves at %q", one.op, a.till)
		for range one.times {
			want = append(want, s.types(one.op, "another"))
		}
		if one.times > 0 {
			text += " with a wrong password" + timesOf(one.times)
		} else if screen := s.types(one.op, s.cast[one.op]); screen != "" {
			want = append(want, screen)
		} else if done = s.list[one.op].role == terminal.Supervisor; !done {
			want = append(want, "NOT_ALLOWED")
		}
		if err := p.say("When", text); err != nil {
			return err
		}
		if err := p.people(t, shown, want, in); err != nil || done {
			return err
		}
	}
	p.unapproved = true
	return p.say("When", fmt.Sprintf("the cashier cancels at %q", a.till))
}

// secrets: no output holds a password that was typed (DOMAIN.md A.15). Shorter ones cannot be told from chance.
func (p *player) secrets() error {
	known := map[string]bool{}
	for till := range p.typed {
		s := p.staffOf(till)
		for number, m := range s.list {
			for _, password := range []string{m.password, s.cast[number]} {
				known[password] = len(password) >= 6
			}
		}
	}
	var all rig.Secrets
	for password, long := range known {
		if long {
			all = append(all, rig.PasswordSecrets(password)...)
		}
	}
	if hits, err := p.world.FindSecrets(all); err != nil || len(hits) == 0 {
		return err
	}
	for _, password := range slices.Sorted(maps.Keys(known)) {
		text := fmt.Sprintf("no output holds the password %q", password)
		if !known[password] {
			continue
		}
		if err := p.speech.say(p.scenario, text); err != nil {
			return p.finds("secret", err.Error(), text)
		}
	}
	return nil
}

// withSupervisor notes that the supervisor has come and typed his password.
func (p *player) withSupervisor(t *rig.Till, shown int) {
	if m := p.staffOf(t.Name).list["00"]; m != nil && !m.locked && p.shows(t, shown, "SUPERVISOR") {
		m.tries = 0
	}
}

// lockedOut tells that a till takes no password of its supervisor's any more.
func (p *player) lockedOut(till string) bool {
	m := p.staffOf(till).list["00"]
	return m != nil && m.locked
}
