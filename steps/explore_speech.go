package steps

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// speech knows the step table by its English patterns, for whoever says steps without a feature. It is never changed, so
// that several worlds may use one.
type speech []sentence

type sentence struct {
	step  Step
	expr  *regexp.Regexp
	slots []slot
	order []int
}

func newSpeech() (speech, error) {
	var all speech
	for _, step := range Table() {
		expr, slots, err := compile(step.En, english)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		compiled, err := regexp.Compile(expr)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		order := make([]int, len(slots))
		for i := range order {
			order[i] = i
		}
		all = append(all, sentence{step, compiled, slots, order})
	}
	return all, nil
}

// say does what a step's text means. Lines behind its first are its table.
func (all speech) say(s *scenario, text string) error {
	text, rows, _ := strings.Cut(text, "\n")
	for _, one := range all {
		found := one.expr.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		next := 0
		a := args{list: arguments(english, one.slots, one.slots, one.order, func() string { next++; return found[next] }), table: tableOf(rows)}
		return one.step.do(s, a)
	}
	return fmt.Errorf("no step says %q", text)
}

// tableOf reads rows such as | field | value |.
func tableOf(text string) *godog.Table {
	t := &godog.Table{}
	for row := range strings.Lines(text) {
		r := &messages.PickleTableRow{}
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|") {
			r.Cells = append(r.Cells, &messages.PickleTableCell{Value: strings.TrimSpace(cell)})
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}
