package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/settings"
)

type shop struct {
	Name  string `yaml:"name"`
	Tills []struct {
		Number string `yaml:"number"`
		Key    int    `yaml:"key"`
	} `yaml:"tills"`
	Rest day `yaml:"rest"`
}

type day string

// UnmarshalText takes one day.
func (d *day) UnmarshalText(b []byte) error {
	if string(b) != "Monday" {
		return fmt.Errorf("%q: want Monday", b)
	}
	*d = day(b)
	return nil
}

const text = "name: Noodle House\ntills:\n  - {number: a}\n  - number: b\n    key: 3\n"

func TestMistake(t *testing.T) {
	var s shop
	f, err := settings.Kind{Name: "shop"}.Read("x.yaml", []byte(text), &s)
	if err != nil || s.Name != "Noodle House" || len(s.Tills) != 2 {
		t.Fatal(s, err)
	}
	for at, want := range map[string]string{
		"$.name":          "shop x.yaml:1: name: odd",
		"$.tills[1].key":  "shop x.yaml:5: tills[1].key: odd",
		"$.tills[0].key":  "shop x.yaml:3: tills[0].key: odd",
		"$.tills[7].key":  "shop x.yaml:3: tills[7].key: odd",
		"$.nothing.there": "shop x.yaml:1: nothing.there: odd",
		"$":               "shop x.yaml:1: odd",
	} {
		if got := f.Mistake(at, "odd").Error(); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if printed := fmt.Sprintf(verb, f); strings.Contains(printed, "Noodle") || strings.Contains(printed, "78 111 111") || strings.Contains(printed, "4e6f6f646c65") {
			t.Errorf("a file prints what is in it: %s", printed)
		}
	}
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		secret bool
		want   string
	}{
		"unknown setting":   {"name: x\ncolour: red\n", false, `shop x.yaml:2: unknown field "colour"`},
		"odd text":          {"name: x\ntills: []\nrest: \"Tuesday\"\n", false, `shop x.yaml:3: "Tuesday": want Monday`},
		"no YAML":           {"name: [x\n", false, "shop x.yaml:1: "},
		"a number is shown": {"tills:\n- {\"6200120018438862\": 1}\n", false, "6200120018438862"},
		"a number is kept":  {"tills:\n- {\"6200120018438862\": 1}\n", true, "****************"},
	} {
		var s shop
		_, err := settings.Kind{Name: "shop", Secret: c.secret}.Read("x.yaml", []byte(c.text), &s)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.secret && strings.Contains(err.Error(), "62001") {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(text)
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		var s shop
		file, err := settings.Kind{Name: "shop", Secret: true}.Read("x.yaml", []byte(text), &s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "shop x.yaml:") {
				t.Error(err)
			}
			return
		}
		_ = file.Mistake("$.tills[0].number", "odd")
	})
}
