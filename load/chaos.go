package load

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Blow is something that goes wrong on purpose while a run goes on: a fault of what crosses the tills' lines, or what befalls the issuer, the host
// or all lines. It is one of these four.
type Blow struct {
	At  Span `yaml:"at"`  // since the start of the run, warm-up included
	For Span `yaml:"for"` // 0 is to the end

	Fault   fault.Kind `yaml:"fault"`
	Message string     `yaml:"message"` // request, answer or connection; "" is requests and answers
	Flow    pay.Flow   `yaml:"flow"`    // "" is any
	Nth     int        `yaml:"nth"`     // the how-manieth of the run; 0 is every one
	Share   Share      `yaml:"share"`   // ... of which only so many are struck, drawn by the seed
	By      Span       `yaml:"by"`      // how late
	Bytes   int        `yaml:"bytes"`   // as the kind of fault has it
	Element string     `yaml:"element"` // that is changed
	Value   string     `yaml:"value"`   // that it has then, or the message's type

	Issuer string `yaml:"issuer"` // silent
	Host   string `yaml:"host"`   // kill, disk-full, disk-slow, clock-jump
	Line   string `yaml:"line"`   // cut
}

// What may befall the issuer, the host and all lines.
const (
	IssuerSilent = "silent" // it takes requests and nothing happens
	HostKill     = "kill"   // its process ends at once (SIGKILL), and is started again on its store

	HostDiskFull  = rig.ConditionDiskFull  // its journals find no room for a time; then they do, and it is killed and started again
	HostDiskSlow  = rig.ConditionDiskSlow  // each write takes By, for a time
	HostClockJump = rig.ConditionClockJump // its clock jumps by By

	LineCut = "cut" // all connections between tills and host are cut
)

// Share is a part of a whole, "1%".
type Share float64

// UnmarshalText reads it.
func (s *Share) UnmarshalText(b []byte) error {
	number, percent := strings.CutSuffix(string(b), "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if n /= 100; err != nil || !percent || !(n > 0 && n <= 1) {
		return fmt.Errorf("%q: want a share above 0%% and up to 100%%, such as 1%%", b)
	}
	*s = Share(n)
	return nil
}

// Chaos is a schedule of what goes wrong over a run. It is a YAML file, checked whole before anything starts.
type Chaos struct {
	Events []Blow `yaml:"events"`

	file settings.File
}

// LoadChaos reads a schedule's file, or a shipped one by its name. The error names file, line and setting.
func LoadChaos(name string) (*Chaos, error) {
	text, file, err := fixtureText("chaos", name)
	if err != nil {
		return nil, fmt.Errorf("chaos %s: %w (shipped schedules: %s)", name, err, strings.Join(ShippedChaos(), ", "))
	}
	return ParseChaos(text, file)
}

// ShippedChaos gives the names of the shipped schedules.
func ShippedChaos() []string { return shippedNames("chaos") }

// ParseChaos reads the text of a schedule; name is for its errors.
func ParseChaos(text []byte, name string) (c *Chaos, err error) {
	c = &Chaos{}
	if c.file, err = (settings.Kind{Name: "chaos"}).Read(name, text, c); err != nil {
		return nil, err
	}
	if len(c.Events) == 0 {
		return nil, c.file.Mistake("$", "it has no events: add `events: [{at: 10s, for: 5s, fault: lose, message: answer, share: 1%%}]`")
	}
	return c, checkBlows(c.Events, "$.events", c.file)
}

// Suffer has the events of a schedule befall the workload. Whole terminals carry its orders out then: they connect again and take back what they
// saw no answer to.
func (w *Workload) Suffer(c *Chaos) error {
	if w.Replay != nil {
		return c.file.Mistake("$", "a replay is for compiled templates, which do not connect again: lay the schedule over a workload with a mix")
	}
	w.Faults = append(slices.Clone(w.Faults), c.Events...)
	if w.Whole = true; w.Line == Multiplexed {
		w.Line = Serial
	}
	return w.Check()
}

func (w *Workload) checkFaults() error {
	if len(w.Faults) > 0 && !w.Whole {
		return w.mistake("$.faults", "they are for whole terminals, which connect again and take back what they saw no answer to: add `whole: true`")
	}
	return checkBlows(w.Faults, "$.faults", w.file)
}

func checkBlows(all []Blow, at string, file settings.File) error {
	var errs []error
	for i, b := range all {
		if setting, err := b.check(); err != nil {
			errs = append(errs, file.Mistake(fmt.Sprintf("%s[%d]%s", at, i, setting), "%w", err))
		}
	}
	return errors.Join(errs...)
}

// check tells what is wrong, and at which setting.
func (b Blow) check() (setting string, err error) {
	named := 0
	for _, what := range []string{string(b.Fault), b.Issuer, b.Host, b.Line} {
		if what != "" {
			named++
		}
	}
	ofFault := b
	ofFault.At, ofFault.For, ofFault.Issuer, ofFault.Host, ofFault.Line = 0, 0, "", "", ""
	if b.Host == HostDiskSlow || b.Host == HostClockJump {
		ofFault.By = 0
	}
	switch {
	case named != 1:
		return "", errors.New("want one of `fault: lose` (or another), `issuer: silent`, `host: kill` (or another) and `line: cut`")
	case b.Fault == "" && ofFault != (Blow{}):
		return "", errors.New("message, flow, nth, share, by, bytes, element and value belong to a fault")
	case b.Issuer != "" && b.Issuer != IssuerSilent:
		return ".issuer", fmt.Errorf("%q: want %s", b.Issuer, IssuerSilent)
	case b.Issuer != "" && b.For == 0:
		return "", errors.New("for how long? Add `for: 3s`")
	case b.Host != "" && !slices.Contains([]string{HostKill, HostDiskFull, HostDiskSlow, HostClockJump}, b.Host):
		return ".host", fmt.Errorf("%q: want %s, %s, %s or %s", b.Host, HostKill, HostDiskFull, HostDiskSlow, HostClockJump)
	case (b.Host == HostDiskSlow || b.Host == HostClockJump) && b.By == 0:
		return "", fmt.Errorf("%s by how much? Add `by: 100ms`", b.Host)
	case (b.Host == HostDiskSlow || b.Host == HostDiskFull) && b.For == 0:
		return "", errors.New("for how long? Add `for: 3s`")
	case b.Line != "" && b.Line != LineCut:
		return ".line", fmt.Errorf("%q: want %s", b.Line, LineCut)
	case b.For > 0 && (b.Host == HostKill || b.Host == HostClockJump || b.Line != ""):
		return ".for", errors.New("it happens at once: leave the time out")
	case b.Fault == "":
		return "", nil
	case b.Fault == fault.Change:
		return ".fault", fmt.Errorf("%q is for scenarios: corrupt changes an element", b.Fault)
	}
	if _, err := fault.ParseKind(string(b.Fault)); err != nil {
		return ".fault", err
	}
	if _, ok := directions[b.Message]; !ok {
		return ".message", fmt.Errorf("%q: want request, answer or connection", b.Message)
	}
	if _, ok := flows[b.Flow]; b.Flow != "" && !ok {
		return ".flow", fmt.Errorf("%q: want one that a mix may have, such as sale", b.Flow)
	}
	if _, ok := iso8583.ParseElement(b.Element); b.Element != "" && !ok {
		return ".element", fmt.Errorf("%q: there is no such element", b.Element)
	}
	return "", b.rule("").Check()
}

var directions = map[string]fault.Direction{"": fault.Anything, "request": fault.Request, "answer": fault.Answer, "connection": fault.Connect}

// rule is the fault as a line has it.
func (b Blow) rule(label string) fault.Rule {
	element, _ := iso8583.ParseElement(b.Element) // checked
	return fault.Rule{Direction: directions[b.Message], Flow: b.Flow, Nth: b.Nth, Share: float64(b.Share), Label: label,
		Do: fault.Fault{Kind: b.Fault, Bytes: b.Bytes, Delay: time.Duration(b.By), Element: element, Value: b.Value}}
}

// Kills tells that the host needs journals: it is killed, or their disk has trouble.
func (w *Workload) Kills() bool {
	return slices.ContainsFunc(w.Faults, func(b Blow) bool { return b.Host != "" && b.Host != HostClockJump })
}

// String says it in words: "lose: 1 % of answers".
func (b Blow) String() string {
	switch {
	case b.Issuer != "":
		return "the issuer is " + b.Issuer
	case b.Host == HostKill:
		return "the host is killed and started again"
	case b.Host == HostDiskFull:
		return "the host's disk is full, and then it is started again"
	case b.Host == HostDiskSlow:
		return "every write of the host takes " + time.Duration(b.By).String()
	case b.Host == HostClockJump:
		return "the host's clock jumps by " + time.Duration(b.By).String()
	case b.Line != "":
		return "all connections are cut"
	}
	message := b.Message
	if message == "" {
		message = "message"
	}
	text := string(b.Fault) + ": every " + message
	switch {
	case b.Nth > 0:
		text = fmt.Sprintf("%s: %s %d", b.Fault, message, b.Nth)
	case b.Share > 0:
		text = fmt.Sprintf("%s: %s %% of %ss", b.Fault, strconv.FormatFloat(100*float64(b.Share), 'g', 6, 64), message)
	}
	if b.Flow != "" {
		text += " of flow " + string(b.Flow)
	}
	return text
}

// onLine gives the blows that fall on the tills' lines, each labelled by its place in the workload.
func (w *Workload) onLine() (all []rig.FleetFault) {
	for i, b := range w.Faults {
		if f := (rig.FleetFault{Cut: b.Line != "", From: time.Duration(b.At), For: time.Duration(b.For), Rule: b.rule(strconv.Itoa(i))}); b.Fault != "" || f.Cut {
			all = append(all, f)
		}
	}
	return all
}

// Injected is a blow as it fell.
type Injected struct {
	What  string        `json:"what"`
	At    time.Duration `json:"at_ns"`
	Until time.Duration `json:"until_ns"` // the end of the run at the latest
	Times uint64        `json:"times"`    // that it struck: messages, connections, a host
	First time.Duration `json:"first_ns"`
	Last  time.Duration `json:"last_ns"`
	Why   string        `json:"why,omitempty"` // it did not strike, or what came of it
}

// Fell tells what became of the workload's blows in a run that took so long, with none of them struck yet.
func (w *Workload) Fell(took time.Duration) (all []Injected) {
	for _, b := range w.Faults {
		n := Injected{What: b.String(), At: time.Duration(b.At), Until: took}
		if b.For > 0 {
			n.Until = min(took, time.Duration(b.At+b.For))
		}
		if b.For == 0 && (b.Host != "" || b.Line != "") {
			n.Until = n.At
		}
		if n.At >= took {
			n.Why = "the run was over before"
		}
		all = append(all, n)
	}
	return all
}

// Strike notes that it struck.
func (n *Injected) Strike(at time.Duration) {
	if n.Times == 0 {
		n.First = at
	}
	n.Times++
	n.Last = max(n.Last, at)
}

// Sentence tells it.
func (n *Injected) Sentence() string {
	when := "at " + shortTime(n.At)
	if n.Until > n.At {
		when = fmt.Sprintf("%s to %s", shortTime(n.At), shortTime(n.Until))
	}
	text := fmt.Sprintf("%s, %s: ", n.What, when)
	switch n.Times {
	case 0:
		text += "NEVER STRUCK"
	case 1:
		text += "struck once, at " + shortTime(n.First)
	default:
		text += fmt.Sprintf("struck %d times, %s to %s", n.Times, shortTime(n.First), shortTime(n.Last))
	}
	if n.Why != "" {
		text += "; " + n.Why
	}
	return text
}
