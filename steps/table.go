package steps

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"
)

// Step is one line that features may say, in English and in Chinese, and what it means.
type Step struct {
	Name      string
	En, Zh    string // patterns: anchored expressions with {placeholders}
	Order     []int  // which English argument each Chinese one is, where the order differs: [1 0] has the second first
	Example   string
	ExampleZh string
	Is        string // what it arranges, does or checks
	Table     bool   // a table follows
	noun      string // whose list it is in
	do        func(*scenario, args) error
}

// Has tells that each of the words stands somewhere in the step, however it is written.
func (s Step) Has(words ...string) bool {
	all := strings.ToLower(strings.Join([]string{s.Name, s.En, s.Zh, s.Example, s.ExampleZh, s.Is}, "\n"))
	for _, w := range words {
		if !strings.Contains(all, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// Explained says what the step means, and what may stand in its places.
func (s Step) Explained() string {
	var choices []string
	if _, slots, err := compile(s.En, english); err == nil {
		for _, slot := range slots {
			if len(slot.alternatives) > 1 {
				choices = append(choices, strings.Join(slot.alternatives, " | "))
			}
		}
	}
	text := s.Is
	if s.Table {
		text += " A table follows."
	}
	if len(choices) > 0 {
		text += "\n      One of: " + strings.Join(choices, "; ")
	}
	return text
}

// args are a step's arguments: strings that read the same in both languages, and its table.
type args struct {
	list  []string
	table *godog.Table
}

func (a args) at(i int) string { return a.list[i] }

// Noun is what a group of steps is about.
type Noun struct {
	Name  string
	Steps []Step
}

// Nouns lists every step, by noun: what is arranged first, then what is done, then what is looked at.
func Nouns() []Noun {
	return []Noun{
		{"tills and cards", castSteps()}, {"the host", hostSteps()}, {"the line", slices.Concat(lineSteps(), orderSteps(), mistakeSteps())},
		{"the host's machine", machineSteps()},
		{"people", actSteps()},
		{"operators", operatorSteps()},
		{"the day", daySteps()},
		{"sales without the host", offlineSteps()},
		{"settlement", settlementSteps()},
		{"chips", chipSteps()},
		{"the card itself", cardSteps()},
		{"other chips", otherChipSteps()},
		{"the terminal's kernel", kernelSteps()},
		{"taps", nfcSteps()},
		{"payers' codes", codeSteps()},
		{"wallets", walletSteps()},
		{"the office for merchants", officeSteps()},
		{"new merchants", newcomerSteps()},
		{"people who ask the office", accountSteps()},
		{"automatic debits", payerSteps()},
		{"disputes", disputeSteps()},
		{"risk control", riskSteps()},
		{"transfers", transferSteps()},
		{"news and questions", newsSteps()},
		{"the device", deviceSteps()},
		{"signatures", signatureSteps()},
		{"the tester", slices.Concat(testerSteps(), copySteps())},
		{"screens and receipts", tillSteps()}, {"messages", wireSteps()}, {"books", bookSteps()}, {"outputs", outputSteps()},
	}
}

// Table lists every step.
func Table() []Step {
	var all []Step
	for _, n := range Nouns() {
		for _, s := range n.Steps {
			s.noun = n.Name
			all = append(all, s)
		}
	}
	return all
}

// phrase is a step in one language, as godog takes it.
type phrase struct {
	expr *regexp.Regexp
	do   any
}

// phrasebook holds every step in both languages, compiled once for all runs that share it. To look through it takes long, so it remembers
// what fits a text.
type phrasebook struct {
	phrases []phrase
	mu      sync.Mutex
	fit     map[string][]int // by text, in the order of the book
}

func newPhrasebook() (*phrasebook, error) {
	b := &phrasebook{fit: map[string][]int{}}
	for _, step := range Table() {
		en, enSlots, err := compile(step.En, english)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		zh, zhSlots, err := compile(step.Zh, chinese)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		if len(enSlots) != len(zhSlots) {
			return nil, fmt.Errorf("step %s: %d arguments in English, %d in Chinese", step.Name, len(enSlots), len(zhSlots))
		}
		identity := make([]int, len(enSlots))
		for i := range identity {
			identity[i] = i
		}
		order := step.Order
		if order == nil {
			order = identity
		}
		err = errors.Join(b.add(en, handler(step, english, enSlots, enSlots, identity)), b.add(zh, handler(step, chinese, zhSlots, enSlots, order)))
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
	}
	return b, nil
}

func (b *phrasebook) add(expr string, do any) error {
	compiled, err := regexp.Compile(expr)
	b.phrases = append(b.phrases, phrase{compiled, do})
	return err
}

// fits gives the phrases that a text fits: one, unless nobody knows the step or the table is at fault.
func (b *phrasebook) fits(text string) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	fit, ok := b.fit[text]
	if !ok {
		for i, p := range b.phrases {
			if p.expr.MatchString(text) {
				fit = append(fit, i)
			}
		}
		b.fit[text] = fit
	}
	return fit
}

// register gives godog the phrases that some of these texts fit. It tries for each step all that it was given, twice.
func (b *phrasebook) register(sc *godog.ScenarioContext, texts iter.Seq[string]) {
	known := map[int]bool{}
	for text := range texts {
		for _, i := range b.fits(text) {
			if !known[i] {
				known[i] = true
				sc.Step(b.phrases[i].expr, b.phrases[i].do)
			}
		}
	}
}

// handler makes a function of the signature that godog wants: a context, one string a capture, a table if the step has one.
func handler(step Step, l language, slots, en []slot, order []int) any {
	in := []reflect.Type{reflect.TypeFor[context.Context]()}
	for _, s := range slots {
		for range s.captures() {
			in = append(in, reflect.TypeFor[string]())
		}
	}
	if step.Table {
		in = append(in, reflect.TypeFor[*godog.Table]())
	}
	signature := reflect.FuncOf(in, []reflect.Type{reflect.TypeFor[error]()}, false)
	return reflect.MakeFunc(signature, func(given []reflect.Value) []reflect.Value {
		ctx := given[0].Interface().(context.Context)
		next := 1
		a := args{list: arguments(l, slots, en, order, func() string { next++; return given[next-1].String() })}
		if step.Table {
			a.table = given[next].Interface().(*godog.Table)
		}
		err := reflect.New(reflect.TypeFor[error]()).Elem()
		if e := current(ctx).say(step, a); e != nil {
			err.Set(reflect.ValueOf(e))
		}
		return []reflect.Value{err}
	}).Interface()
}

// arguments makes a step's arguments, in the English order, of what its pattern captured.
func arguments(l language, slots, en []slot, order []int, captured func() string) []string {
	list := make([]string, len(slots))
	for i, s := range slots {
		texts := make([]string, s.captures())
		for j := range texts {
			texts[j] = captured()
		}
		list[order[i]] = s.value(l, texts, en[order[i]])
	}
	return list
}
