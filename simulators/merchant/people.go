package merchant

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Role is what a merchant's person may do at the office.
type Role string

// The roles.
const (
	RoleOwner    Role = "owner"
	RoleOperator Role = "operator" // looks, and moves nothing
)

// User is somebody with an account at the office. Of his password and his session there is only what tells that they are right.
type User struct {
	Merchant string    `json:"merchant"`
	Name     string    `json:"user"`
	Role     Role      `json:"role"`
	Salt     string    `json:"salt,omitempty"`
	Hash     []byte    `json:"hash,omitempty"`
	Change   bool      `json:"change,omitempty"` // the password is another's yet
	Tries    int       `json:"tries,omitempty"`  // wrong ones in a row
	Tried    time.Time `json:"tried,omitzero"`   // the last of them
	Session  string    `json:"session,omitempty"`
	Begun    time.Time `json:"begun,omitzero"`
	Removed  bool      `json:"removed,omitempty"`
}

func (u User) key() string { return u.Merchant + "/" + u.Name }

// accessKey is what a merchant's own programs show. There is one.
type accessKey struct {
	Merchant string `json:"merchant"`
	Mark     string `json:"mark"`
}

// Session is what a user is told who has logged in.
type Session struct {
	Token  Private   `json:"token"`
	Until  time.Time `json:"until"` // or sooner, when nothing is asked for long
	Change bool      `json:"change,omitempty"`
}

// PeopleRules are what the office decides from about who asks.
type PeopleRules struct {
	Admits    func(*Call, Operation) (Code, string) // who may ask for what
	Own       bool                                  // a merchant's person is told of his merchant alone
	Manages   func(Role) bool                       // whether a role may move money, and open accounts
	Forces    bool                                  // who got his password from another changes it first
	Strong    func(User, string) bool               // whether a password will do
	Fresh     bool                                  // ... and be another than before
	Keeps     func(salt, password string) ([]byte, error)
	MostWrong int           // passwords in a row
	LockLife  time.Duration // ... until the account may be tried again
	TellsWho  bool          // that there is no such user
	Idle      time.Duration // between two requests of a session
	Life      time.Duration // of a session
	LogsOut   bool
	Single    bool // whoever logs in again has left the other phone
	Removes   bool // whose account is closed or reset is logged out
	OneKey    bool // a new key ends the one before
}

// peopleRules are those that do everything right.
func peopleRules() PeopleRules {
	return PeopleRules{Admits: admits, Own: true, Manages: func(r Role) bool { return r == RoleOwner }, Forces: true, Strong: strong, Fresh: true, Keeps: hashed,
		MostWrong: 5, LockLife: 30 * time.Minute, Idle: 15 * time.Minute, Life: 12 * time.Hour, LogsOut: true, Single: true, Removes: true, OneKey: true}
}

// A password is at least so long, and no longer.
const (
	shortestPassword = 10
	longestPassword  = 128
	longestUser      = 64 // bytes
)

// strong: long, of letters and digits, and nothing that everybody knows of its owner.
func strong(u User, password string) bool {
	low := strings.ToLower(password)
	return len(password) >= shortestPassword && len(password) <= longestPassword && strings.ContainsFunc(password, unicode.IsLetter) && strings.ContainsFunc(password, unicode.IsDigit) &&
		!strings.Contains(low, strings.ToLower(u.Name)) && !strings.Contains(low, u.Merchant)
}

// hashRounds are as few as RFC 8018, 4.2, allows, since a simulator answers everybody in one loop.
const hashRounds = 1000

// hashed is a password as it is kept (RFC 8018, 5.2).
func hashed(salt, password string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, []byte(salt), hashRounds, sha256.Size)
}

// mark is a drawn token as it is kept: long enough that nobody guesses it, it needs no salt.
func mark(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Asker is whose an operation is.
type Asker string

// The askers.
const (
	AskerAnybody Asker = "anybody" // a code proves who asks, or nothing is told
	AskerSession Asker = "session" // somebody about himself
	AskerUser    Asker = "user"    // whoever has an account with the merchant, or his key
	AskerOwner   Asker = "owner"   // who manages the merchant, or his key
	AskerStaff   Asker = "staff"   // the office's own people
)

// AskerOf tells whose an operation is; what is not named is the office's own.
func AskerOf(op Operation) Asker {
	switch op {
	case OpApply, OpDocument, OpApplication, OpCode, OpActivate, OpApp, OpProve, OpConsent, OpCancel, OpAgreement, OpLogIn:
		return AskerAnybody
	case OpLogOut, OpPassword:
		return AskerSession
	case OpQuote, OpStatement, OpOwed, OpPayouts, OpDebits, OpDisputes, OpNews, OpRecords, OpRecord, OpStatistics, OpPayeeCode, OpUsers:
		return AskerUser
	case OpPayout, OpBind, OpUnbind, OpAgree, OpChange, OpDebit, OpEvidence, OpRepresent, OpMember, OpSubscribe, OpAddUser, OpRemoveUser, OpKey:
		return AskerOwner
	}
	return AskerStaff
}

// caller is on whose behalf a request comes.
type caller struct {
	staff bool
	user  User // without a name it is a merchant's key; without a merchant nobody
}

// Ask answers one request from outside, of whoever shows a token: a session's, a merchant's key, or the key of the office's own people.
func (o *Office) Ask(now time.Time, token pay.Secret, op Operation, r Request) Answer {
	return o.serve(now, o.whoShows(now, token), op, r)
}

func (o *Office) whoShows(now time.Time, token pay.Secret) caller {
	text := token.Reveal()
	if !o.Staff.IsZero() && subtle.ConstantTimeCompare([]byte(text), []byte(o.Staff.Reveal())) == 1 {
		return caller{staff: true}
	}
	if merchant := o.keys[mark(text)]; merchant != "" {
		return caller{user: User{Merchant: merchant, Role: RoleOwner}}
	}
	key, known := o.sessions[mark(text)]
	if !known {
		return caller{}
	}
	u, last := o.users[key], o.seen[key]
	if last.Before(u.Begun) {
		last = u.Begun // a restart forgets when a session was used, never that it began
	}
	o.consult("session-idle")
	o.consult("session-life")
	if now.Sub(last) > o.Rules.People.Idle || now.Sub(u.Begun) > o.Rules.People.Life {
		return caller{}
	}
	o.seen[key] = now
	return caller{user: u}
}

// admits tells whether whoever asks may.
func admits(c *Call, op Operation) (Code, string) {
	asker, u := AskerOf(op), c.who.user
	switch {
	case asker == AskerAnybody, c.who.staff && asker != AskerSession:
		return "", ""
	case u.Merchant == "":
		return NoSession, "log in first: nobody has, or the session has ended"
	case asker == AskerStaff, asker == AskerSession && u.Name == "":
		return NotAllowed, "that is not for merchants"
	case c.Rules.People.Forces && u.Change && asker != AskerSession:
		return ChangeFirst, "change the password first: somebody else knows it"
	case asker == AskerOwner && !c.Rules.People.Manages(u.Role):
		return NotAllowed, "that is for the owner"
	case c.Rules.People.Own && !c.only(u.Merchant):
		return NotYours, "that is another merchant's"
	}
	return "", ""
}

// only tells that all that a request names is one merchant's.
func (c *Call) only(merchant string) bool {
	return !slices.ContainsFunc([]string{c.req.Merchant, c.agreements[c.req.Agreement].Merchant, c.disputes[c.req.Dispute].Merchant},
		func(of string) bool { return of != "" && of != merchant })
}

// mayHear tells that whoever asks may be told of a merchant.
func (c *Call) mayHear(merchant string) bool {
	return c.who.staff || c.who.user.Merchant == merchant || !c.Rules.People.Own
}

func peopleServices() []Service {
	known, user := Check{"merchant", merchantKnown}, Check{"user", userKnown}
	return []Service{
		{OpAddUser, []string{"merchant", "user", "role"}, []Check{known, {"role", roleRight}}, addUser},
		{OpRemoveUser, []string{"merchant", "user"}, []Check{known, user}, removeUser},
		{OpUsers, []string{"merchant"}, []Check{known}, tellUsers},
		{OpKey, []string{"merchant"}, []Check{known}, makeKey},
		{OpLogIn, []string{"merchant", "user", "password"}, []Check{{"log-in", passwordRight}}, logIn},
		{OpLogOut, nil, nil, logOut},
		{OpPassword, []string{"password", "fresh"}, []Check{{"log-in", passwordRight}, {"password-strength", willDo}}, changePassword},
	}
}

// roleRight: an owner is made by the office, who has seen his papers.
func roleRight(c *Call) (Code, string) {
	was := c.users[User{Merchant: c.req.Merchant, Name: c.req.User}.key()]
	switch {
	case c.req.Role != RoleOwner && c.req.Role != RoleOperator, len(c.req.User) > longestUser:
		return BadTerms, fmt.Sprintf("want the role owner or operator, and a user of %d bytes at most", longestUser)
	case (c.req.Role == RoleOwner || was.Role == RoleOwner) && !c.who.staff:
		return NotAllowed, "owners are made by the office"
	}
	return "", ""
}

func userKnown(c *Call) (Code, string) {
	u, known := c.users[User{Merchant: c.req.Merchant, Name: c.req.User}.key()]
	switch {
	case !known || u.Removed:
		return NoUser, "there is no such account"
	case u.Role == RoleOwner && !c.who.staff:
		return NotAllowed, "owners are removed by the office"
	}
	c.user = u
	return "", ""
}

// passwordRight is asked of who logs in, and of who changes his password. It takes as long for a user whom nobody knows.
func passwordRight(c *Call) (Code, string) {
	u := User{Merchant: c.req.Merchant, Name: c.req.User}
	if c.who.user.Name != "" {
		u = c.who.user
	}
	u, known := c.users[u.key()]
	got, err := c.Rules.People.Keeps(u.Salt, c.req.Password.Reveal())
	if err != nil {
		return Broken, err.Error()
	}
	rules := c.Rules.People
	switch known = known && !u.Removed; {
	case !known && rules.TellsWho:
		return NoUser, "there is no such user"
	case known && c.locked(u):
		return Locked, fmt.Sprintf("%d wrong passwords: wait for %s, or have it reset", u.Tries, rules.LockLife)
	case known && subtle.ConstantTimeCompare(got, u.Hash) == 1:
		c.user = u
		return "", ""
	case known:
		if u.Tries >= rules.MostWrong { // the lock has ended
			u.Tries = 0
		}
		u.Tries, u.Tried = u.Tries+1, c.now
		c.commit(change{users: []User{u}})
	}
	return BadLogIn, "no such user with this password"
}

func (c *Call) locked(u User) bool {
	most := c.Rules.People.MostWrong
	return most > 0 && u.Tries >= most && c.now.Sub(u.Tried) < c.Rules.People.LockLife
}

func willDo(c *Call) (Code, string) {
	fresh := c.req.Fresh.Reveal()
	if !c.Rules.People.Strong(c.user, fresh) || c.Rules.People.Fresh && fresh == c.req.Password.Reveal() {
		return WeakPassword, fmt.Sprintf("want %d characters or more, letters and digits, another than before, without user and merchant", shortestPassword)
	}
	return "", ""
}

// setPassword gives a user a password.
func (c *Call) setPassword(u User, password string) (User, error) {
	salt, err := c.HSM.Digits(20)
	if err != nil {
		return u, err
	}
	u.Salt, u.Tries, u.Tried = salt, 0, time.Time{}
	u.Hash, err = c.Rules.People.Keeps(salt, password)
	return u, err
}

// addUser opens an account, or gives one that is there another password: it is told once, and is changed by who gets it.
func addUser(c *Call) {
	u := User{Merchant: c.req.Merchant, Name: c.req.User}
	u = c.users[u.key()]
	u.Merchant, u.Name, u.Role, u.Change, u.Removed = c.req.Merchant, c.req.User, c.req.Role, true, false
	if c.Rules.People.Removes {
		u.Session = ""
	}
	initial, err := c.HSM.Digits(shortestPassword)
	if err == nil {
		u, err = c.setPassword(u, initial)
	}
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.commit(change{users: []User{u}})
	c.answer.Initial = NewPrivate(initial)
}

func removeUser(c *Call) {
	u := c.user
	u.Removed = true
	if c.Rules.People.Removes {
		u.Session = ""
	}
	c.commit(change{users: []User{u}})
}

// Listed is a User as his merchant may see him.
type Listed struct {
	Name   string `json:"user"`
	Role   Role   `json:"role"`
	Change bool   `json:"change,omitempty"`
	Locked bool   `json:"locked,omitempty"`
}

func tellUsers(c *Call) {
	for _, key := range slices.Sorted(maps.Keys(c.users)) {
		if u := c.users[key]; u.Merchant == c.merchant.Number && !u.Removed {
			c.answer.Users = append(c.answer.Users, Listed{u.Name, u.Role, u.Change, c.locked(u)})
		}
	}
}

// drawn is a token of 32 digits behind a letter that tells what it is.
func (c *Call) drawn(kind string) (token string, ok bool) {
	digits, err := c.HSM.Digits(32)
	if err != nil {
		c.end(Broken, err.Error())
	}
	return kind + digits, err == nil
}

// makeKey gives a merchant's programs a key; it is told once.
func makeKey(c *Call) {
	key, ok := c.drawn("K")
	if !ok {
		return
	}
	c.commit(change{keys: []accessKey{{c.merchant.Number, mark(key)}}})
	c.answer.Key = NewPrivate(key)
}

func logIn(c *Call) {
	token, ok := c.drawn("S")
	if !ok {
		return
	}
	u := c.user
	u.Session, u.Begun, u.Tries = mark(token), c.now, 0
	c.commit(change{users: []User{u}})
	c.answer.Session = &Session{Token: NewPrivate(token), Until: c.now.Add(c.Rules.People.Life), Change: u.Change}
}

func logOut(c *Call) {
	u := c.who.user
	c.consult("log-out")
	if c.Rules.People.LogsOut {
		u.Session = ""
	}
	c.commit(change{users: []User{u}})
}

func changePassword(c *Call) {
	u, err := c.setPassword(c.user, c.req.Fresh.Reveal())
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	u.Change = false
	c.commit(change{users: []User{u}})
}

// keepPeople takes accounts, keys and phones of a change into memory.
func (o *Office) keepPeople(c change) {
	for _, u := range c.users {
		was := o.users[u.key()]
		if o.Rules.People.Single || u.Session == "" {
			delete(o.sessions, was.Session)
		}
		if u.Session != "" {
			o.sessions[u.Session] = u.key()
		}
		o.users[u.key()] = u
	}
	for _, p := range c.phones {
		o.phones[p.Merchant] = p
	}
	for _, k := range c.keys {
		if o.Rules.People.OneKey {
			maps.DeleteFunc(o.keys, func(_, merchant string) bool { return merchant == k.Merchant })
		}
		o.keys[k.Mark] = k.Merchant
	}
}
