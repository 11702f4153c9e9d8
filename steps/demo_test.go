package steps_test

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/steps"
)

// told plays the demo and gives its text, with the ids whose words were asked for: true if there are any.
func told(t *testing.T, lang string, seed sim.Seed) (string, map[string]bool) {
	t.Helper()
	story, err := steps.Demo(context.Background(), lang, seed)
	if err != nil {
		t.Fatal(err)
	}
	asked, words := map[string]bool{}, story.Words
	story.Words = func(id string, args ...string) string {
		text := words(id, args...)
		asked[id] = text != ""
		return text
	}
	var b bytes.Buffer
	if err := story.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String(), asked
}

func TestDemoTellsTheSameStoryForOneSeed(t *testing.T) {
	one, _ := told(t, "en", 1)
	again, _ := told(t, "en", 1)
	other, _ := told(t, "en", 2)
	if one != again {
		t.Error("two stories of seed 1 differ")
	}
	if one == other {
		t.Error("seed 2 tells the story of seed 1: its keys are the same")
	}
}

// What a reader is to learn stands in the story; what nobody may see does not.
func TestDemoStory(t *testing.T) {
	tests := map[string][]string{
		"en": {"T1 → host: sale", "620012******8862", "is the seal (F64) right", "Approved 10.00 CNY", "Signature:", "from card:Alice to interbank",
			"1000.00 CNY  990.00 CNY", "They agree.", "is lost", "T1 → host: reversal", "Voucher 000003 was reversed", "990.00 CNY  990.00 CNY"},
		"zh": {"T1 → host: 消费", "620012******8862", "封签（F64）是否正确", "1000.00 CNY  990.00 CNY", "各方一致", "T1 → host: 冲正", "小爱"},
	}
	for lang, wanted := range tests {
		text, _ := told(t, lang, 1)
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the story lacks %q", lang, want)
			}
		}
		for _, secret := range []string{"6200120018438862", "246813", "THE MONEY DOES NOT", "资金不平"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the story tells %q", lang, secret)
			}
		}
	}
}

// Every word of the story is said, and every check, verb and column has words.
func TestDemoWords(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		_, asked := told(t, lang, 1)
		for id, has := range asked {
			kind, _, _ := strings.Cut(id, " ")
			if !has && (kind == "check" || kind == "checks" || kind == "verb" || kind == "books" || kind == "story") {
				t.Errorf("%s: %q has no words", lang, id)
			}
		}
		text, err := fs.ReadFile(fixtures.FS, "texts/demo."+lang+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]string
		if err := yaml.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for id := range all {
			if id != "money breaks" && id != "verb noted" && !asked[id] {
				t.Errorf("%s: nobody says %q", lang, id)
			}
		}
	}
}

func TestDemoKnowsItsLanguages(t *testing.T) {
	if _, err := steps.Demo(context.Background(), "fr", 1); err == nil {
		t.Error("a story in a language without words")
	}
}
