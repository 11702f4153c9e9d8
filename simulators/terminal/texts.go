package terminal

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Texts are the words of one language by message id. {0}, {1} stand for a message's arguments.
type Texts struct {
	Lang  string
	words map[string]string
}

// LoadTexts reads texts/lang.yaml ("en", "zh") of fsys: message ids with their words.
func LoadTexts(fsys fs.FS, lang string) (*Texts, error) {
	b, err := fs.ReadFile(fsys, "texts/"+lang+".yaml")
	if err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	t := &Texts{Lang: lang}
	if err := yaml.Unmarshal(b, &t.words); err != nil {
		return nil, fmt.Errorf("texts %s.yaml: %w", lang, err)
	}
	return t, nil
}

// Has tells that a message id has words.
func (t *Texts) Has(id string) bool { return t.words[id] != "" }

// Words gives a message in words. An id without words stands for itself, with its arguments behind it.
func (t *Texts) Words(id string, args ...string) string {
	words, ok := t.words[id]
	if !ok {
		return strings.Join(append([]string{id}, args...), " ")
	}
	for i, arg := range args {
		if id, isID := strings.CutPrefix(arg, "@"); isID {
			arg = t.Words(id)
		}
		words = strings.ReplaceAll(words, "{"+strconv.Itoa(i)+"}", arg)
	}
	return words
}

// RenderScreen gives a screen in words.
func RenderScreen(s Screen, t *Texts) string { return t.Words(s.ID, s.Args...) }

// RenderSlip gives a slip as it looks.
func RenderSlip(s Slip, t *Texts) string {
	lines := []string{t.Words("SLIP_" + strings.ToUpper(string(s.Copy)) + "_COPY")}
	if s.Reprint {
		lines = append(lines, t.Words("SLIP_REPRINT"))
	}
	for _, l := range s.Lines {
		lines = append(lines, onPaper(t.Words(l.ID, l.Args...))...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// paperColumns is what fits on a line of the usual paper of 58 mm. A Chinese character takes two.
const paperColumns = 32

// onPaper breaks a line that is too wide, at a space where there is one.
func onPaper(line string) []string {
	width, space := 0, -1
	for i, r := range line {
		if r == ' ' {
			space = i
		}
		if width += columns(r); width <= paperColumns {
			continue
		}
		if space > 0 {
			return append([]string{strings.TrimRight(line[:space], " ")}, onPaper(line[space+1:])...)
		}
		return append([]string{line[:i]}, onPaper(line[i:])...)
	}
	return []string{line}
}

// columns: characters of China, Japan and Korea, their punctuation and full-width forms are two wide.
func columns(r rune) int {
	if r >= 0x2E80 {
		return 2
	}
	return 1
}
