package load

import (
	"os"
	"strings"
	"testing"
	"time"
)

// What is wrong in a schedule is told with its line; each of these has one mistake, in its second event.
func TestChaosMistakes(t *testing.T) {
	for event, want := range map[string]string{
		"{at: 1s}":                           "events[1]: want one of `fault: lose`",
		"{fault: lose, line: cut}":           "events[1]: want one of `fault: lose`",
		"{line: cut, share: 1%}":             "events[1]: message, flow, nth, share, by, bytes, element and value belong to a fault",
		"{issuer: down, for: 1s}":            `events[1].issuer: "down": want silent`,
		"{issuer: silent}":                   "events[1]: for how long?",
		"{host: burn}":                       `events[1].host: "burn": want kill`,
		"{host: kill, for: 1s}":              "events[1].for: it happens at once",
		"{line: bend}":                       `events[1].line: "bend": want cut`,
		"{fault: change}":                    `events[1].fault: "change" is for scenarios`,
		"{fault: forget}":                    `events[1].fault: fault "forget": there is no such kind`,
		"{fault: lose, message: reply}":      `events[1].message: "reply": want request, answer or connection`,
		"{fault: lose, flow: sail}":          `events[1].flow: "sail": want one that a mix may have`,
		"{fault: corrupt, element: soup}":    `events[1].element: "soup": there is no such element`,
		"{fault: corrupt}":                   "events[1]: fault corrupt: want an element",
		"{fault: delay, message: answer}":    "events[1]: fault delay: want how long",
		"{fault: lose, message: connection}": "events[1]: fault lose: cannot be done to a connection",
		"{fault: refuse}":                    "events[1]: fault refuse: can only be done to a connection",
		"{fault: lose, nth: 2, share: 1%}":   "events[1]: fault lose: share 0.01: want one from 0 to 1, and no number with it",
		"{fault: lose, nth: -1}":             "events[1]: fault lose: negative number",
	} {
		_, err := ParseChaos([]byte("events:\n  - {line: cut}\n  - "+event+"\n"), "c.yaml")
		if err == nil || !strings.HasPrefix(err.Error(), "chaos c.yaml:3: "+want) {
			t.Errorf("%s: %v\nwant %s", event, err, want)
		}
	}
	for text, want := range map[string]string{
		"events: [{fault: lose, share: 0%}]\n": `chaos c.yaml:1: "0%": want a share above 0%`,
		"events: [{fault: lose, share: 2}]\n":  `chaos c.yaml:1: "2": want a share above 0%`,
		"events:\n  - {at: soon, line: cut}\n": `chaos c.yaml:2: "soon": want a length of time`,
		"events:\n  - {line: cut, when: 1s}\n": `chaos c.yaml:2: unknown field "when"`,
		"events: []\n":                         "chaos c.yaml:1: it has no events",
	} {
		if _, err := ParseChaos([]byte(text), "c.yaml"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	_, err := ParseWorkload([]byte(plain+"faults:\n  - {fault: lose}\n"), "w.yaml")
	if err == nil || !strings.Contains(err.Error(), "workload w.yaml:") || !strings.Contains(err.Error(), "add `whole: true`") {
		t.Errorf("%v", err)
	}
	_, err = ParseWorkload([]byte(plain+"whole: true\nfaults:\n  - {fault: lose}\n  - {line: bend}\n"), "w.yaml")
	if err == nil || !strings.HasPrefix(err.Error(), "workload w.yaml:12: faults[1].line: ") {
		t.Errorf("%v", err)
	}
}

func FuzzChaos(f *testing.F) {
	f.Add([]byte("events: [{at: 10s, for: 5s, fault: lose, message: answer, share: 1%}]"))
	f.Add([]byte("events: [{at: 1s, host: kill}, {issuer: silent, for: 2s}, {fault: corrupt, element: amount, nth: 3}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseChaos(text, "c.yaml")
		if err != nil {
			return
		}
		w := parse(t, plain)
		if err := w.Suffer(c); err != nil {
			t.Fatal(err)
		}
		for _, n := range w.Fell(time.Minute) {
			_ = n.Sentence()
		}
	})
}

// The shipped schedules may be laid over any workload with a mix, and stand in the README beside them.
func TestShippedChaos(t *testing.T) {
	text, err := os.ReadFile("../fixtures/chaos/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(ShippedChaos()) == 0 {
		t.Fatal("no schedule is shipped")
	}
	english, chinese, _ := strings.Cut(string(text), "\n## 中文\n")
	for _, name := range ShippedChaos() {
		c, err := LoadChaos(name)
		if err != nil {
			t.Error(err)
			continue
		}
		w, err := LoadWorkload("lunch-rush")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Suffer(c); err != nil || !w.Whole || w.Line != Serial || len(w.Faults) != len(c.Events) {
			t.Errorf("%s: %v", name, err)
		}
		if row := "\n| `" + name + "` | "; !strings.Contains(english, row) || !strings.Contains(chinese, row) {
			t.Errorf("the README lacks %s in one of its languages", name)
		}
	}
}

func TestInjectedIsTold(t *testing.T) {
	w := parse(t, plain)
	c, err := ParseChaos([]byte("events: [{at: 1s, for: 5s, fault: lose, message: answer, flow: sale, share: 1%}, {at: 2s, line: cut}, {at: 9s, line: cut}, {fault: garbage, nth: 3}]"), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Suffer(c); err != nil {
		t.Fatal(err)
	}
	all := w.Fell(4 * time.Second)
	all[0].Strike(1500 * time.Millisecond)
	all[0].Strike(3 * time.Second)
	all[1].Strike(2 * time.Second)
	for i, want := range []string{
		"lose: 1 % of answers of flow sale, 1s to 4s: struck 2 times, 1.5s to 3s",
		"all connections are cut, at 2s: struck once, at 2s",
		"all connections are cut, at 9s: NEVER STRUCK; the run was over before",
		"garbage: message 3, 0s to 4s: NEVER STRUCK",
	} {
		if got := all[i].Sentence(); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
	if _, err := w.Share(0, 2); err == nil || !strings.Contains(err.Error(), "is not spread over workers") {
		t.Errorf("%v", err)
	}
}
