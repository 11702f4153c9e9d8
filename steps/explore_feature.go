package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// feature tells a day as a feature that can be run: it fails while what was found is wrong, and holds once it is mended. Where
// there are honest parties at hand, it is told as it goes with them; without, as it went, with what the model wants at its end.
func (s *search) feature(ctx context.Context, c *Counterexample, p *player) (text string, fails bool, err error) {
	told := []*player{p}
	if s.Honest != nil {
		honest, err := s.play(ctx, s.Honest, p.day, (*player).again)
		if err != nil {
			return "", false, err
		}
		if honest.found == nil {
			told = []*player{honest, p}
		}
	}
	for i, t := range told {
		lines := t.ending(p.found)
		if fails, err = s.fails(ctx, s.Rig, p.day, lines); err != nil {
			return "", false, err
		}
		holds := fails
		if fails && s.Honest != nil { // what must be true at a day's end may not be what had to be true in its middle
			wrongly, err := s.fails(ctx, s.Honest, p.day, lines)
			if err != nil {
				return "", false, err
			}
			holds = !wrongly
		}
		if holds || i == len(told)-1 {
			return s.write(c, lines, t.dawn), fails && holds, nil
		}
	}
	return "", false, nil
}

// ending gives the day's lines, with what must be true at its end.
func (p *player) ending(found *Finding) []line {
	lines := slices.Clone(p.lines)
	then := func(text string) {
		if l := (line{"Then", text}); !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	if found.line != "" {
		then(found.line)
	}
	now := p.world.Loop.Now()
	for _, l := range p.lines[:p.dawn] { // those whom the background names
		words := strings.Fields(l.text)
		if who, card := strings.CutSuffix(words[0], "'s"); card {
			then(fmt.Sprintf("%s's card holds %s", who, pay.CNY(p.model.card(who, now))))
			continue
		}
		if shop, _, err := p.world.Rig.Cast.Till(strings.Trim(words[1], `"`)); err == nil {
			then(fmt.Sprintf("%q is owed %s", shop.Name, pay.CNY(p.model.merchant(shop.Name))))
		}
	}
	return lines
}

// fails says the lines in a world of those parties, as a run of the feature does, and tells whether that goes wrong.
func (s *search) fails(ctx context.Context, r *rig.Rig, d day, lines []line) (fails bool, err error) {
	_, err = s.play(ctx, r, d, func(p *player) (err error) {
		defer func() {
			if v := recover(); v != nil {
				fails = true
			}
		}()
		for _, l := range lines {
			if l.keyword == "When" {
				p.act()
			}
			if p.speech.say(p.scenario, l.text) != nil {
				fails = true
				return nil
			}
		}
		fails = p.verify() != nil || len(p.tree.Breaks) > 0
		return nil
	})
	return fails, err
}

// write writes a feature of lines; the first are its background.
func (s *search) write(c *Counterexample, lines []line, background int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Found by tillproof explore: seed %d, day %d; %d acts made %d.\n", c.Seed, c.Day, c.Was, c.Acts)
	for l := range strings.Lines(c.Finding.Text) {
		fmt.Fprintf(&b, "# %s\n", strings.TrimSpace(l))
	}
	fmt.Fprintf(&b, "# Again: %s --seed %d --days %d --orders %d\n# This file: %s FILE\n", s.Command, c.Seed, c.Day, s.Orders, s.RunCommand)
	b.WriteString("@clock @host-control\nFeature: A day that explore found\n  " + oneSentence(c.Finding.Text) + "\n\n  Background:\n")
	was := ""
	for i, l := range lines {
		if i == background {
			b.WriteString("\n  Scenario: The books agree in the evening\n")
			was = ""
		}
		keyword := l.keyword
		if keyword == was {
			keyword = "And"
		}
		was = l.keyword
		fmt.Fprintf(&b, "    %s %s\n", keyword, l.text)
	}
	return b.String()
}

// oneSentence gives the first line of a text.
func oneSentence(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}
