package load

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Threshold is something that must hold, such as
//
//	response.p99<250ms                              the time of all orders
//	response{flow=sale,entry=chip}.p99.9<1s         of one kind
//	approved>99.5%                                  a share of the orders that were due
//	code{51}<1%    dropped==0    approved>950/s     an answer code; a count; a rate
//	response.p99<250ms over 10s                     in each 10 s of the run
//	dropped==0 abort                                and if not, the run stops at once
type Threshold struct {
	text        string
	what        string // response, service, lateness; or what is counted
	flow, entry string // "" is any
	code        Code
	quantile    float64 // of a time
	op          string
	bound       float64 // in ns, in percent, as a count, or a second
	unit        string  // "ns", "%", "" or "/s"
	over        time.Duration
	abort       bool
}

func timeNames() []string { return []string{"response", "service", "lateness"} }

func countNames() []string {
	return []string{"approved", "declined", "timedout", "dropped", "broken", "refused", "written", "code", "late", "duplicate", "unmatched", "malformed"}
}

func (t *Threshold) String() string { return t.text }

func (t *Threshold) isTime() bool { return slices.Contains(timeNames(), t.what) }

// isStray tells whether answers are counted that belong to no order, and so to no kind.
func (t *Threshold) isStray() bool {
	for s := range strays {
		if t.what == s.String() {
			return true
		}
	}
	return false
}

// ParseThreshold reads a threshold. The error says at which column, and what may stand there.
func ParseThreshold(text string) (*Threshold, error) {
	p := &thresholdParser{text: text, rest: strings.TrimSpace(text)}
	t := &Threshold{text: p.rest}
	for _, part := range []func(*Threshold) error{p.metric, p.labels, p.stat, p.comparison, p.bound, p.window} {
		if err := part(t); err != nil {
			return nil, fmt.Errorf("threshold %q: column %d: %w", text, len(p.text)-len(p.rest)+1, err)
		}
	}
	return t, nil
}

// thresholdParser eats a threshold from the left; what is left when a part is refused tells the column.
type thresholdParser struct{ text, rest string }

// word takes the longest run of letters, digits and what else is allowed.
func (p *thresholdParser) word(also string) string {
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(also, r))
	})
	if end < 0 {
		end = len(p.rest)
	}
	return p.rest[:end]
}

func (p *thresholdParser) skip(s string) { p.rest = strings.TrimLeft(p.rest[len(s):], " ") }

func (p *thresholdParser) accept(s string) bool {
	if !strings.HasPrefix(p.rest, s) {
		return false
	}
	p.skip(s)
	return true
}

func (p *thresholdParser) metric(t *Threshold) error {
	t.what = p.word("")
	if !slices.Contains(timeNames(), t.what) && !slices.Contains(countNames(), t.what) {
		return fmt.Errorf("%q: want a time (%s) or a count (%s)", t.what, strings.Join(timeNames(), ", "), strings.Join(countNames(), ", "))
	}
	p.skip(t.what)
	return nil
}

func (p *thresholdParser) labels(t *Threshold) error {
	if !p.accept("{") {
		if t.what == "code" {
			return fmt.Errorf("want the answer code, such as code{51}")
		}
		return nil
	}
	for first := true; ; first = false {
		name := p.word("-")
		code := t.what == "code" && first
		switch {
		case code && (name == "" || len(name) > len(t.code)):
			return fmt.Errorf("answer code %q: want one to three letters or digits", name)
		case code:
			t.code = Code{' ', ' ', ' '}
			copy(t.code[:], name)
			p.skip(name)
		case t.isStray():
			return fmt.Errorf("%s answers belong to no flow or entry", t.what)
		case name != "flow" && name != "entry":
			return fmt.Errorf("%q: want flow=... or entry=...", name)
		default:
			p.skip(name)
			if !p.accept("=") {
				return fmt.Errorf("want %s=...", name)
			}
			value := p.word("-_")
			if value == "" {
				return fmt.Errorf("want the name of the %s", name)
			}
			p.skip(value)
			if name == "flow" {
				t.flow = value
			} else {
				t.entry = value
			}
		}
		if p.accept("}") {
			return nil
		}
		if !p.accept(",") {
			return fmt.Errorf("want , or }")
		}
	}
}

func (p *thresholdParser) stat(t *Threshold) error {
	if !t.isTime() {
		if strings.HasPrefix(p.rest, ".") {
			return fmt.Errorf("%s is a count: it has no percentile", t.what)
		}
		return nil
	}
	if !strings.HasPrefix(p.rest, ".") {
		return fmt.Errorf("want a percentile such as .p50, .p99 or .p99.9, or .max")
	}
	name := p.word(".")[1:]
	number, isP := strings.CutPrefix(name, "p")
	percent, err := strconv.ParseFloat(number, 64)
	switch {
	case name == "max":
		t.quantile = 1
	case !isP || err != nil || !(percent > 0 && percent < 100) || strings.ContainsAny(number, "eExXpP_"):
		return fmt.Errorf("%q: want p and a number between 0 and 100, such as p99.9, or max", name)
	default:
		t.quantile = percent / 100
	}
	p.skip("." + name)
	return nil
}

func (p *thresholdParser) comparison(t *Threshold) error {
	for _, op := range []string{"<=", ">=", "==", "<", ">"} {
		if p.accept(op) {
			t.op = op
			return nil
		}
	}
	return fmt.Errorf("want one of < <= > >= ==")
}

func (p *thresholdParser) bound(t *Threshold) error {
	word := p.word(".µ%/")
	if t.isTime() {
		d, err := time.ParseDuration(word)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q: want a time above 0 such as 250ms or 1.5s", word)
		}
		t.bound, t.unit = float64(d), "ns"
		p.skip(word)
		return nil
	}
	number := word
	for _, unit := range []string{"%", "/s"} {
		if n, ok := strings.CutSuffix(word, unit); ok {
			number, t.unit = n, unit
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) || t.unit == "" && n != math.Trunc(n) || strings.ContainsAny(number, "xXpP_") {
		return fmt.Errorf("%q: want a count such as 0, a share such as 99.5%%, or a rate such as 950/s", word)
	}
	t.bound = n
	p.skip(word)
	return nil
}

func (p *thresholdParser) window(t *Threshold) error {
	if p.word("") == "over" {
		p.skip("over")
		word := p.word(".µ")
		d, err := time.ParseDuration(word)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q: want the length of a window, such as 10s", word)
		}
		t.over = d
		p.skip(word)
	}
	if p.word("") == "abort" {
		p.skip("abort")
		t.abort = true
	}
	if p.rest != "" {
		return fmt.Errorf("%q: want nothing more, `over` with a time, or `abort`", p.rest)
	}
	return nil
}

// Plan is what thresholds are checked against before a run: what it will do if nothing goes wrong.
type Plan struct {
	Kinds    []Kind
	Orders   []float64     // expected of each kind
	WarmUp   time.Duration // orders due before are not counted
	Length   time.Duration // how long orders fall due, warm-up included
	Interval time.Duration
	Patience time.Duration // how long an answer is waited for
	Lag      time.Duration // an order that could not leave for longer is dropped
}

// fits tells whether a kind is meant.
func (t *Threshold) fits(k Kind) bool {
	return (t.flow == "" || t.flow == k.Flow) && (t.entry == "" || t.entry == k.Entry)
}

// Check tells why a threshold makes no sense for a plan: it names what the plan does not have, can never hold, can never fail, or wants more
// orders than there will be.
func (t *Threshold) Check(p Plan) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("threshold %q: %w", t.text, fmt.Errorf(format, args...))
	}
	var orders float64
	var names []string
	for i, k := range p.Kinds {
		names = append(names, k.String())
		if t.fits(k) {
			orders += p.Orders[i]
		}
	}
	if (t.flow != "" || t.entry != "") && !slices.ContainsFunc(p.Kinds, t.fits) {
		return wrong("the plan has no such orders; it has %s", strings.Join(names, ", "))
	}
	counted := p.Length - p.WarmUp
	rate := orders / counted.Seconds()
	if t.over > 0 {
		if t.over%p.Interval != 0 || t.over > counted {
			return wrong("over: want a multiple of the interval of %s, at most the %s that are counted", p.Interval, counted)
		}
		orders *= t.over.Seconds() / counted.Seconds()
	}
	if need := t.needs(); t.isTime() && orders < need {
		return wrong("%s needs %.0f orders, or it is only the longest time; about %.0f are to come", percentile(t.quantile), need, orders)
	}
	top := map[string]float64{"%": 100, "/s": math.Inf(1), "": math.Inf(1), "ns": float64(p.Patience + p.Lag)}[t.unit]
	if t.what == "service" {
		top = float64(p.Patience)
	}
	if t.what == "lateness" {
		top = float64(p.Lag)
	}
	switch {
	case t.op == ">" && t.bound >= top, t.op == ">=" && t.bound > top, t.op == "==" && t.bound > top, t.op == "<" && t.bound == 0:
		return wrong("it can never hold")
	case t.op == "<" && t.bound > top, t.op == "<=" && t.bound >= top, t.op == ">=" && t.bound == 0:
		return wrong("it can never fail")
	case t.atLeast() && t.unit == "" && t.bound > orders && !t.isStray():
		return wrong("it can never hold: about %.0f orders are to come", orders)
	case t.atLeast() && t.unit == "/s" && t.bound > rate && !t.isStray():
		return wrong("it can never hold: about %.1f/s are to come", rate)
	}
	return nil
}

func (t *Threshold) atLeast() bool { return t.op == ">" || t.op == ">=" }

// needs is how many orders a percentile needs so that at least one of them lies beyond it.
func (t *Threshold) needs() float64 {
	if !t.isTime() || t.quantile == 1 {
		return 1
	}
	return math.Ceil(1/(1-t.quantile) - 1e-9)
}

// percentile names a quantile: 0.999 is p99.9.
func percentile(q float64) string {
	if q == 1 {
		return "max"
	}
	return "p" + strconv.FormatFloat(math.Round(q*1e8)/1e6, 'f', -1, 64)
}

// holds compares a value with the bound.
func (t *Threshold) holds(v float64) bool {
	switch t.op {
	case "<":
		return v < t.bound
	case "<=":
		return v <= t.bound
	case ">":
		return v > t.bound
	case ">=":
		return v >= t.bound
	}
	return v == t.bound
}

// worse tells which of two values is further from holding.
func (t *Threshold) worse(a, b float64) bool {
	switch {
	case t.atLeast():
		return a < b
	case t.op == "==":
		return math.Abs(a-t.bound) > math.Abs(b-t.bound)
	}
	return a > b
}
