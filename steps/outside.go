package steps

import (
	"fmt"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
)

// hostNouns are groups of steps that arrange, or look at, what is ours also where the terminal is not.
var hostNouns = map[string]string{"the host": "host", "the line": "tool", "messages": "tool", "books": "host"}

// ourSteps are such steps of other groups.
var ourSteps = map[string]string{"card-holds": "host", "wrong-pins-before": "host"}

// askedNouns are groups whose steps are asked of who stands at a terminal that is not ours, where they name it.
var askedNouns = []string{"tills and cards", "people", "operators", "the day", "settlement", "taps", "chips", "screens and receipts"}

// say carries a step out: on what is ours at once, at a terminal that is not ours by asking who stands there.
func (s *scenario) say(step Step, a args) error {
	if s.world == nil || !s.world.TillsAreOutside() {
		return step.do(s, a)
	}
	judge, ours := hostNouns[step.noun]
	if own, ok := ourSteps[step.Name]; ok {
		judge, ours = own, true
	}
	if step.Name == "has-message-as" {
		judge, ours = "host", a.at(0) == "host"
	}
	switch {
	case step.Name == "line-state" && a.at(0) == "refuses connections":
		return cannot("our acquirer listens to all scenarios' terminals: it does not refuse connections for one")
	case step.Name == "trouble-is": // the terminal's own word for it
		return s.ask(step, a)
	case ours:
		if s.kind == messages.PickleStepType_OUTCOME {
			s.line().Judge = judge
		}
		if till := s.named(a); till != "" {
			if _, err := s.till(till); err != nil {
				return err
			}
		}
		return step.do(s, a)
	case slices.Contains(askedNouns, step.noun) && s.named(a) != "":
		return s.ask(step, a)
	}
	return cannot(fmt.Sprintf("nobody can be asked at a terminal that is not ours: %s", s.line().Text))
}

// cannot is a step that this seat has no way to carry out.
type cannot string

func (c cannot) Error() string        { return string(c) }
func (c cannot) Is(target error) bool { return target == rig.ErrNoSight }

func (s *scenario) line() *reports.Step { return &s.tree.Steps[s.place] }

// named gives the till that a step names; "" for none.
func (s *scenario) named(a args) string {
	for _, v := range a.list {
		if _, _, err := s.world.Rig.Cast.Till(v); err == nil {
			return v
		}
	}
	return ""
}

// ask has somebody do what a step says, or tell whether it is so.
func (s *scenario) ask(step Step, a args) error {
	t, err := s.till(s.named(a))
	if err != nil {
		return err
	}
	for _, v := range a.list { // their accounts are ours
		if _, err := s.world.Rig.Cast.Cardholder(v); err != nil {
			continue
		}
		if _, err := s.world.Card(v); err != nil {
			return err
		}
	}
	p := rig.Prompt{Scenario: s.tree.Name + " (" + s.tree.ID + ")", Step: step.Name, Text: s.line().Text, Table: s.line().Table, Till: t.Name, Terminal: t.Number(), Kind: rig.PromptArrange}
	switch s.kind {
	case messages.PickleStepType_ACTION:
		p.Kind = rig.PromptAct
	case messages.PickleStepType_OUTCOME:
		p.Kind = rig.PromptLook
	}
	reply, err := s.world.Ask(p)
	if err != nil {
		return err
	}
	if p.Kind == rig.PromptLook {
		return s.looked(p, reply)
	}
	switch reply.Answer {
	case rig.CannotTell:
		return cannot(strings.TrimSuffix("it cannot be done at this terminal: "+p.Text+": "+reply.Text, ": "))
	case rig.No:
		where := t.Name
		if p.Kind == rig.PromptArrange {
			where = beforeIt + where
		}
		return failed(where, p.Text, orNothing(reply.Text))
	}
	if step.Name == "till-set-up-with" && a.at(1) == "terminal" {
		t.CallsItself(a.at(2))
	}
	return s.arrived(step, t)
}

// arrived holds what was arranged at a terminal against what the host knows of it.
func (s *scenario) arrived(step Step, t *rig.Till) error {
	if step.Name != "till-has-signed-in" {
		return nil
	}
	state, err := s.world.Look()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(state.Terminals, func(at rig.TerminalState) bool { return at.Number == t.Number() })
	if i < 0 || !state.Terminals[i].SignedIn {
		return failed(beforeIt+t.Name, "signed in at the host", "it is not")
	}
	return nil
}

// looked takes what somebody has seen. What nobody can see is left to a person's review.
func (s *scenario) looked(p rig.Prompt, reply rig.Reply) error {
	s.line().Judge = s.world.Judge()
	switch reply.Answer {
	case rig.Yes:
		return nil
	case rig.No:
		return failed(p.Till, p.Text, orNothing(reply.Text))
	}
	s.line().Judge = "nobody"
	s.unseen = append(s.unseen, p.Text)
	return nil
}
