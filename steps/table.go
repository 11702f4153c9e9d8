package steps

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

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
		{"tills and cards", castSteps()}, {"the host", hostSteps()}, {"the line", lineSteps()},
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
		all = append(all, n.Steps...)
	}
	return all
}

// register gives godog both patterns of every step. It panics, as godog does, on a pattern that is no expression; a test
// holds that none is.
func register(sc *godog.ScenarioContext) error {
	for _, step := range Table() {
		en, enSlots, err := compile(step.En, english)
		if err != nil {
			return fmt.Errorf("step %s: %w", step.Name, err)
		}
		zh, zhSlots, err := compile(step.Zh, chinese)
		if err != nil {
			return fmt.Errorf("step %s: %w", step.Name, err)
		}
		if len(enSlots) != len(zhSlots) {
			return fmt.Errorf("step %s: %d arguments in English, %d in Chinese", step.Name, len(enSlots), len(zhSlots))
		}
		order := step.Order
		if order == nil {
			for i := range zhSlots {
				order = append(order, i)
			}
		}
		identity := make([]int, len(enSlots))
		for i := range identity {
			identity[i] = i
		}
		sc.Step(en, handler(step, english, enSlots, enSlots, identity))
		sc.Step(zh, handler(step, chinese, zhSlots, enSlots, order))
	}
	return nil
}

// expressions gives what steps may say, in both languages.
func expressions() ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	for _, step := range Table() {
		for l, pattern := range []string{english: step.En, chinese: step.Zh} {
			expr, _, err := compile(pattern, language(l))
			if err != nil {
				return nil, fmt.Errorf("step %s: %w", step.Name, err)
			}
			compiled, err := regexp.Compile(expr)
			if err != nil {
				return nil, fmt.Errorf("step %s: %w", step.Name, err)
			}
			all = append(all, compiled)
		}
	}
	return all, nil
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
		if e := step.do(current(ctx), a); e != nil {
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
