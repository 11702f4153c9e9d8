package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// Prompt is what somebody at a terminal that is not ours is asked for.
type Prompt struct {
	Scenario string     `json:"scenario"` // its name and place; another one begins anew
	Kind     PromptKind `json:"kind"`
	Step     string     `json:"step"` // its name, which is the same in all languages
	Text     string     `json:"text"` // the sentence: Alice swipes 10.00 CNY at "T1" and enters her PIN
	Table    [][]string `json:"table,omitempty"`
	Till     string     `json:"till"`     // T1
	Terminal string     `json:"terminal"` // its number
}

// PromptKind says what is wanted.
type PromptKind string

// The kinds.
const (
	PromptArrange PromptKind = "arrange" // make it so
	PromptAct     PromptKind = "act"     // do it
	PromptLook    PromptKind = "look"    // is it so?
)

// Reply is what came of a prompt.
type Reply struct {
	Answer Answer `json:"answer"`
	Text   string `json:"text,omitempty"` // why not, or what is seen
}

// Answer is yes (done, it is so), no (it is not so, it could not be done) or skip (nobody can do that, or see it, here).
type Answer string

// The answers.
const (
	Yes        Answer = "yes"
	No         Answer = "no"
	CannotTell Answer = "skip"
)

func (r Reply) String() string { return strings.TrimSuffix(string(r.Answer)+": "+r.Text, ": ") }

// Prompter is who stands at the terminal: a person, a script or a robot.
type Prompter interface {
	Ask(context.Context, Prompt) (Reply, error)
	Judge() string // person (with his name, if it is known), script or robot
}

// Console asks a person by lines of text.
type Console struct {
	Name string // whose it is; "" when nobody says
	In   io.Reader
	Out  io.Writer

	lines chan string
}

// Judge implements Prompter.
func (c *Console) Judge() string { return person(c.Name) }

// person is what reports call who judges, by his name if it is known.
func person(name string) string { return strings.TrimSpace("person " + name) }

// Ask implements Prompter. The answer's first letter counts; what follows is kept as what was seen.
func (c *Console) Ask(ctx context.Context, p Prompt) (Reply, error) {
	if c.lines == nil {
		c.lines = make(chan string)
		go func() { // a read of the keyboard cannot be called off
			defer close(c.lines)
			for s := bufio.NewScanner(c.In); s.Scan(); {
				c.lines <- s.Text()
			}
		}()
	}
	fmt.Fprintf(c.Out, "\n%s\n", p.Scenario)
	for {
		fmt.Fprint(c.Out, p.words())
		select {
		case line, ok := <-c.lines:
			if !ok {
				return Reply{}, errors.New("nobody is at the keyboard any more")
			}
			if r, ok := replyOf(line); ok {
				return r, nil
			}
		case <-ctx.Done():
			return Reply{}, ctx.Err()
		}
	}
}

func (p Prompt) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s\n", p.Text)
	for _, row := range p.Table {
		fmt.Fprintf(&b, "    | %s |\n", strings.Join(row, " | "))
	}
	if p.Kind == PromptLook {
		b.WriteString("  Is it so? [y]es, [n]o, [s]kip: ")
	} else {
		b.WriteString("  [y] done, [n] it cannot be done, [s]kip: ")
	}
	return b.String()
}

func replyOf(line string) (r Reply, ok bool) {
	word, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch strings.ToLower(word) {
	case "y", "yes":
		r.Answer = Yes
	case "n", "no":
		r.Answer = No
	case "s", "skip":
		r.Answer = CannotTell
	default:
		return r, false
	}
	r.Text = text
	return r, true
}

// Script asks a program, run anew for each prompt, which gets it as JSON on its standard input. It ends with 0 for yes, 1 for no, 77 for skip; the
// first line that it prints is kept.
type Script struct {
	Command []string
	Dir     string
}

// Judge implements Prompter.
func (s *Script) Judge() string { return "script" }

// Ask implements Prompter.
func (s *Script) Ask(ctx context.Context, p Prompt) (Reply, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return Reply{}, err
	}
	c := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	c.Dir, c.Stdin, c.WaitDelay = s.Dir, bytes.NewReader(text), time.Second
	out, err := c.Output()
	first, _, _ := strings.Cut(string(out), "\n")
	r := Reply{Text: hideDigits(first)}
	var exit *exec.ExitError
	switch {
	case err == nil:
		r.Answer = Yes
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		r.Answer = No
	case errors.As(err, &exit) && exit.ExitCode() == 77:
		r.Answer = CannotTell
	default:
		return r, fmt.Errorf("%s: %w: want it to end with 0, 1 or 77", s.Command[0], err)
	}
	return r, nil
}

// Robot asks a program that waits at a URL: it is sent the prompt as JSON by POST and answers with a Reply when it is done.
type Robot struct {
	URL    string
	Client http.Client
}

// Judge implements Prompter.
func (r *Robot) Judge() string { return "robot" }

// Ask implements Prompter.
func (r *Robot) Ask(ctx context.Context, p Prompt) (reply Reply, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return reply, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(text))
	if err != nil {
		return reply, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := r.Client.Do(req)
	if err != nil {
		return reply, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return reply, err
	}
	if res.StatusCode != http.StatusOK {
		return reply, fmt.Errorf("it answers %s: %s", res.Status, hideDigits(strings.TrimSpace(string(answer))))
	}
	if err := json.Unmarshal(answer, &reply); err != nil || reply.Answer != Yes && reply.Answer != No && reply.Answer != CannotTell {
		return reply, errors.New(`its answer is not understood: want {"answer": "yes"}, "no" or "skip"`)
	}
	reply.Text = hideDigits(reply.Text)
	return reply, nil
}

// ProfilePrompt says who stands at the terminals: one of these.
type ProfilePrompt struct {
	Console bool     `yaml:"console"`
	Web     string   `yaml:"web"`    // address of a page for a person, on loopback
	Script  []string `yaml:"script"` // command and arguments
	Robot   string   `yaml:"robot"`  // URL
}

func (p *Profile) checkOutside() error {
	w := p.Prompt
	if w == nil {
		return p.mistake("$.seat", "a terminal needs `prompt`: console, web, script or robot")
	}
	ways := 0
	for _, one := range []bool{w.Console, w.Web != "", len(w.Script) > 0, w.Robot != ""} {
		if one {
			ways++
		}
	}
	if ways != 1 {
		return p.mistake("$.prompt", "want one of console, web, script and robot, not %d", ways)
	}
	if w.Web != "" {
		if here, err := isLoopback(w.Web); err != nil || !here {
			return p.mistake("$.prompt.web", "%q: want host:port on loopback", w.Web)
		}
	}
	if w.Robot != "" {
		u, err := url.Parse(w.Robot)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return p.mistake("$.prompt.robot", "want a URL, http://host:port/path")
		}
		if here, err := isLoopback(u.Host); (err != nil || !here) && !p.Remote {
			return p.mistake("$.prompt.robot", "it is not this machine: say `remote: true` if prompts may go there")
		}
	}
	if len(p.Terminals) == 0 {
		return p.mistake("$.seat", "a terminal needs `terminals`: its number, merchant and master key")
	}
	if p.TLS != nil && p.TLS.Certificate == "" {
		return p.mistake("$.tls", "our acquirer needs certificate and key")
	}
	return p.checkAddress()
}
