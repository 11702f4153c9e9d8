package terminal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func loadTexts(t *testing.T, lang string) *Texts {
	t.Helper()
	texts, err := LoadTexts(fixtures.FS, lang)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// What the paper looks like stands in testdata, in both languages.
func TestSlipsAsTheyLook(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.AnswerText, "THANK   YOU ") }}, flow == pay.Sale
	}
	b.swipe(pinTrack)
	b.step(Event{Kind: Reprint})
	for _, lang := range []string{"en", "zh"} {
		texts := loadTexts(t, lang)
		var all strings.Builder
		for _, s := range b.slips[:3] { // merchant's, customer's, the reprint of the merchant's
			all.WriteString(RenderSlip(s, texts) + "\n")
		}
		golden(t, "slip."+lang+".txt", []byte(all.String()))
	}
	for _, s := range b.slips {
		if text := RenderSlip(s, loadTexts(t, "en")); strings.Contains(text, panH3) || !strings.Contains(text, "620012******9010") {
			t.Errorf("the card number is not masked:\n%s", text)
		}
	}
}

// Every prompt of every shipped dialect, and everything that the terminal says by itself, has words in both languages; and
// both languages put the same arguments into them.
func TestTexts(t *testing.T) {
	en, zh := loadTexts(t, "en"), loadTexts(t, "zh")
	for id, words := range en.words {
		if !zh.Has(id) {
			t.Errorf("%s has no Chinese words", id)
		}
		for _, arg := range []string{"{0}", "{1}", "{2}"} {
			if strings.Contains(words, arg) != strings.Contains(zh.words[id], arg) {
				t.Errorf("%s: %s stands in one language only", id, arg)
			}
		}
	}
	same(t, "number of texts", len(en.words), len(zh.words))
	want := []string{"FAILED_CODE"}
	dialects, err := iso8583.LoadAll(fixtures.FS, "dialects")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dialects {
		for _, rule := range d.Answers() {
			want = append(want, rule.Prompt)
		}
		for _, flow := range d.Flows() {
			want = append(want, "FLOW_"+strings.ToUpper(strings.ReplaceAll(string(flow), "-", "_")))
		}
	}
	for _, id := range append(want, ownTexts(t)...) {
		if !en.Has(id) {
			t.Errorf("%s has no English words", id)
		}
	}
}

// ownTexts finds the ids in this package's sources: quoted capitals behind something that shows, refuses or prints them.
func ownTexts(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`"([A-Z]+(?:_[A-Z]+)+|READY|SUPERVISOR|CONFIRM|CONNECTING|REVERSING|REVERSED|REPRINTED|TAMPERED|CANCELLED|UNLOCKED)"`)
	var ids []string
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllSubmatch(source, -1) {
			ids = append(ids, string(m[1]))
		}
	}
	if len(ids) < 50 {
		t.Fatalf("only %d ids found in the sources", len(ids))
	}
	return append(ids, "SLIP_MERCHANT_COPY", "SLIP_CUSTOMER_COPY")
}

func TestLoadTextsErrors(t *testing.T) {
	files := fstest.MapFS{"texts/xx.yaml": {Data: []byte("A: [")}}
	for lang, want := range map[string]string{"xx": "texts xx.yaml", "yy": "yy.yaml"} {
		if _, err := LoadTexts(files, lang); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error that names %s, got %v", lang, want, err)
		}
	}
}

func TestWords(t *testing.T) {
	texts := loadTexts(t, "en")
	same(t, "screen", "Transaction failed (Z9)", RenderScreen(Screen{ID: "FAILED_CODE", Args: []string{"Z9"}}, texts))
	same(t, "argument that is an id", "Type: Sale", texts.Words("SLIP_TYPE", "@FLOW_SALE"))
	same(t, "no words", "STRANGE 1", texts.Words("STRANGE", "1"))
}
