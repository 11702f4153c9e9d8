package rig_test

import (
	"slices"
	"testing"

	"github.com/tillproof/tillproof/simulators/rig"
)

// Every defect says what is wrong and how it happens in the field, under a category, and edits something.
func TestDefectsSayWhatTheyAre(t *testing.T) {
	touchedBy, err := rig.TouchedBy()
	if err != nil {
		t.Fatal(err)
	}
	parties, names := map[string]int{}, map[string]bool{}
	for _, d := range rig.Defects() {
		parties[d.Party]++
		if names[d.Name] || d.Name == "" || d.Text == "" || d.Why == "" ||
			!slices.Contains([]string{"security", "money", "protocol", "emv", "keys", "settlement", "resilience"}, d.Category) {
			t.Errorf("%q of the %s (%s): %q, why: %q", d.Name, d.Party, d.Category, d.Text, d.Why)
		}
		names[d.Name] = true
		touches, err := touchedBy(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		if touches(map[string]bool{}) {
			t.Errorf("%s touches a scenario that asks nothing", d.Name)
		}
	}
	for _, party := range []string{"acquirer", "issuer", "wallet", "terminal", "kernel", "card", "merchant"} {
		if parties[party] == 0 {
			t.Errorf("the %s has no defects", party)
		}
	}
	if len(names) < 120 {
		t.Errorf("%d defects", len(names))
	}
}

// What a defect edits is found in the rules: by function where it can be, by list, or by party.
func TestTouchedBy(t *testing.T) {
	touchedBy, err := rig.TouchedBy()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		defect, entry string
		want          bool
	}{
		{"acquirer-skips-mac", "acquirer.Flows/sale.Checks/mac.Ask", true}, // a check taken out of lists
		{"acquirer-skips-mac", "acquirer.Post", false},
		{"acquirer-skips-mac", "issuer.Post", false},
		{"acquirer-answers-without-mac", "acquirer.MAC", true}, // a function
		{"acquirer-answers-without-mac", "acquirer.Post", false},
		{"kernel-ignores-priority", "terminal.Framer", false}, // of another party
	} {
		touches, err := touchedBy(c.defect)
		if err != nil {
			t.Fatal(err)
		}
		if got := touches(map[string]bool{c.entry: true}); got != c.want {
			t.Errorf("%s: a scenario that asks %s is touched: %v", c.defect, c.entry, got)
		}
	}
	if _, err := touchedBy("acquirer-skips-mack"); err == nil {
		t.Error("a defect that is none edits something")
	}
}
