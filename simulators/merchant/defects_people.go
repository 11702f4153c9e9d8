package merchant

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// peopleDefects are offices that let in whom they should not.
func peopleDefects() []pay.Defect[Rules] {
	flaw := func(name, text, why string, edit func(*PeopleRules)) pay.Defect[Rules] {
		return pay.Defect[Rules]{Name: name, Category: "security", Text: text, Why: why, Edit: func(r *Rules) { edit(&r.People) }}
	}
	const ever = 100 * 365 * 24 * time.Hour
	return []pay.Defect[Rules]{
		flaw("merchant-asks-nobody", "answers whoever asks, whether he has logged in or not", "the app showed its buttons only to those who had",
			func(r *PeopleRules) { r.Admits = func(*Call, Operation) (Code, string) { return "", "" } }),
		flaw("merchant-shows-neighbours", "answers about any merchant whose number a session names", "the number came from the app's own menu in the tests",
			func(r *PeopleRules) { r.Own = false }),
		flaw("merchant-operators-pay-out", "lets operators do what is the owner's", "the roles decide which buttons the app shows",
			func(r *PeopleRules) { r.Manages = func(Role) bool { return true } }),
		flaw("merchant-keeps-first-password", "does not want the first password changed", "support was called too often", func(r *PeopleRules) { r.Forces = false }),
		flaw("merchant-takes-any-password", "takes any password", "the app checks it, and the API does not", func(r *PeopleRules) { r.Strong = func(User, string) bool { return true } }),
		flaw("merchant-takes-long-passwords", "takes any password that is long enough", "length was in the ticket, and the rest in its attachment",
			func(r *PeopleRules) { r.Strong = func(_ User, p string) bool { return len(p) >= shortestPassword } }),
		flaw("merchant-takes-same-password", "lets a password be changed to itself", "the date of the change was what was looked at", func(r *PeopleRules) { r.Fresh = false }),
		flaw("merchant-never-locks", "lets passwords be guessed without end", "a lock is how strangers shut merchants out", func(r *PeopleRules) { r.MostWrong = 0 }),
		flaw("merchant-locks-for-ever", "does not end a lock when its time is over", "whoever is locked out calls, said the first design", func(r *PeopleRules) { r.LockLife = ever }),
		flaw("merchant-tells-who-exists", "says that there is no such user", "the message was meant to help", func(r *PeopleRules) { r.TellsWho = true }),
		flaw("merchant-forgets-log-out", "lets a session go on that was logged out", "the app throws its token away", func(r *PeopleRules) { r.LogsOut = false }),
		flaw("merchant-sessions-never-idle", "lets a session rest as long as it likes", "people complained about logging in after lunch", func(r *PeopleRules) { r.Idle = ever }),
		flaw("merchant-sessions-for-ever", "lets a session that is used go on for ever", "each request lengthened it", func(r *PeopleRules) { r.Life = ever }),
		flaw("merchant-many-phones", "leaves a session open when its user logs in elsewhere", "each phone has a row of its own", func(r *PeopleRules) { r.Single = false }),
		flaw("merchant-removed-stay", "lets a session go on whose account was closed or reset", "accounts are asked at log-in", func(r *PeopleRules) { r.Removes = false }),
		flaw("merchant-old-keys-work", "takes a key that another one has replaced", "old keys were to end at the end of the month", func(r *PeopleRules) { r.OneKey = false }),
		flaw("merchant-keeps-passwords", "keeps passwords in the clear", "support could read them out to those who had forgotten",
			func(r *PeopleRules) {
				r.Keeps = func(_, password string) ([]byte, error) { return []byte(password), nil }
			}),
	}
}
