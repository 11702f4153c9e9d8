package rig

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// IssuerScript says how the issuer behaves from when it is given on, so that who measures knows the truth about the host: how long
// answers take, which never come, and when it is down. Times run on the host's clock, whose timers are good to about a millisecond.
type IssuerScript struct {
	Stages []IssuerStage `yaml:"stages" json:"stages"`

	file settings.File
}

// IssuerStage is one stretch of a script. Before, between and behind the stages the issuer answers at once.
type IssuerStage struct {
	From       Span    `yaml:"from" json:"from"`
	For        Span    `yaml:"for" json:"for,omitzero"` // to the next stage, or for ever, when absent
	Latency    Latency `yaml:"latency" json:"latency,omitzero"`
	Unanswered float64 `yaml:"unanswered" json:"unanswered,omitempty"` // share of requests whose answer is lost; what they asked for is done
	Down       bool    `yaml:"down" json:"down,omitempty"`             // requests are taken and nothing happens
}

// Latency is how long answers take, by one of three distributions. The zero value is no time at all.
type Latency struct {
	Constant  Span       `yaml:"constant" json:"constant,omitzero"`
	Uniform   []Span     `yaml:"uniform" json:"uniform,omitempty"` // from, to
	LogNormal *LogNormal `yaml:"lognormal" json:"lognormal,omitempty"`
}

// LogNormal has a long tail, as a host under load has: half of the answers take longer than the median, one in a hundred than P99.
type LogNormal struct {
	Median Span `yaml:"median" json:"median"`
	P99    Span `yaml:"p99" json:"p99"`
}

// Span is a time as a script writes it: 250ms, 1m30s.
type Span struct{ time.Duration }

// longest is the longest time that a script may name.
const longest = 366 * 24 * time.Hour

// UnmarshalText reads it.
func (s *Span) UnmarshalText(b []byte) (err error) {
	if s.Duration, err = time.ParseDuration(string(b)); err != nil || s.Duration < 0 || s.Duration > longest {
		return fmt.Errorf("%q: want a time such as 250ms or 1m30s", b)
	}
	return nil
}

// UnmarshalYAML reads it so that a mistake has its place.
func (s *Span) UnmarshalYAML(n ast.Node) error {
	if err := s.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}

// MarshalText writes it.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LoadIssuerScript reads a script's file. Every mistake is told with its line.
func LoadIssuerScript(name string) (*IssuerScript, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("issuer script %s: %w", name, err)
	}
	return parseIssuerScript(name, text)
}

func parseIssuerScript(name string, text []byte) (s *IssuerScript, err error) {
	s = &IssuerScript{}
	if s.file, err = (settings.Kind{Name: "issuer script", Secret: true}).Read(name, text, s); err != nil {
		return nil, err
	}
	if len(s.Stages) == 0 {
		return nil, fmt.Errorf("issuer script %s:1: stages: want one at least", name)
	}
	return s, s.check()
}

func (s *IssuerScript) mistake(at, format string, args ...any) error {
	return s.file.Mistake(at, "%s", hide(fmt.Sprintf(format, args...)))
}

// check tells every mistake.
func (s *IssuerScript) check() error {
	var all []error
	end := time.Duration(0)
	for i, stage := range s.Stages {
		at := fmt.Sprintf("$.stages[%d]", i)
		if stage.From.Duration < end {
			all = append(all, s.mistake(at+".from", "it begins at %s, before the stage above has ended (%s)", stage.From, end))
		}
		end = stage.From.Duration + stage.For.Duration
		if stage.Unanswered < 0 || stage.Unanswered > 1 {
			all = append(all, s.mistake(at+".unanswered", "%g: want a share from 0 to 1", stage.Unanswered))
		}
		if why := stage.Latency.fault(); why != "" {
			all = append(all, s.mistake(at+".latency", "%s", why))
		}
		if stage.Down && (stage.Unanswered > 0 || !stage.Latency.none()) {
			all = append(all, s.mistake(at+".down", "an issuer that is down answers nothing: leave out latency and unanswered"))
		}
	}
	return errors.Join(all...)
}

func (l Latency) none() bool {
	return l.Constant.Duration == 0 && l.Uniform == nil && l.LogNormal == nil
}

func (l Latency) fault() string {
	named := 0
	for _, there := range []bool{l.Constant.Duration > 0, l.Uniform != nil, l.LogNormal != nil} {
		if there {
			named++
		}
	}
	switch {
	case named > 1:
		return "want one of constant, uniform and lognormal"
	case l.Uniform != nil && (len(l.Uniform) != 2 || l.Uniform[0].Duration > l.Uniform[1].Duration):
		return "uniform: want two times, the shorter one first"
	case l.LogNormal != nil && (l.LogNormal.Median.Duration <= 0 || l.LogNormal.P99.Duration < l.LogNormal.Median.Duration):
		return "lognormal: want a median over zero and a p99 not under it"
	}
	return ""
}

// z99 is how many standard deviations 99 % of a normal distribution lie below.
const z99 = 2.3263478740408408

func (l Latency) draw(chance *rand.Rand) time.Duration {
	switch {
	case len(l.Uniform) == 2:
		from, to := l.Uniform[0].Duration, l.Uniform[1].Duration
		return from + time.Duration(chance.Int64N(int64(to-from)+1))
	case l.LogNormal != nil:
		median, p99 := float64(l.LogNormal.Median.Duration), float64(l.LogNormal.P99.Duration)
		return time.Duration(min(median*math.Exp(chance.NormFloat64()*math.Log(p99/median)/z99), float64(longest)))
	}
	return l.Constant.Duration
}

// play is a script that has begun.
type play struct {
	stages []IssuerStage
	begun  time.Time
	chance *rand.Rand
	trace  *trace.Recorder
}

// stage gives what holds at an instant.
func (p *play) stage(now time.Time) IssuerStage {
	since := now.Sub(p.begun)
	i, exact := slices.BinarySearchFunc(p.stages, since, func(s IssuerStage, t time.Duration) int { return int(s.From.Duration - t) })
	if !exact {
		i--
	}
	if i < 0 || p.stages[i].For.Duration > 0 && since >= p.stages[i].From.Duration+p.stages[i].For.Duration {
		return IssuerStage{}
	}
	return p.stages[i]
}

// before gives the outbox with which the issuer is asked; nil when it is not.
func (p *play) before(now time.Time, out iso8583.Outbox) iso8583.Outbox {
	s := p.stage(now)
	lost := s.Unanswered > 0 && p.chance.Float64() < s.Unanswered
	switch {
	case s.Down:
		p.note(now, "it is down: a request is taken and nothing happens")
		return nil
	case lost:
		p.note(now, "an answer is lost")
		return playedOut{out, func(*iso8583.Message) {}}
	}
	d := s.Latency.draw(p.chance)
	if d == 0 {
		return out
	}
	return playedOut{out, func(m *iso8583.Message) { out.After(d, func(time.Time) { out.Send(m) }) }}
}

func (p *play) note(now time.Time, text string) {
	p.trace.Record(trace.Event{At: now, Party: "issuer", Kind: trace.Injected, Name: "issuer-script", Text: text})
}

// playedOut is an outbox whose messages go another way.
type playedOut struct {
	iso8583.Outbox
	send func(*iso8583.Message)
}

// Send implements iso8583.Outbox.
func (o playedOut) Send(m *iso8583.Message) { o.send(m) }
