package terminal

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// The check characters were worked out from the code tables of ISO/IEC 7811-2.
const (
	head1 = "%B6200123456789010^TEST/ALICE^30121011234567890123?&"
	head2 = ";6200123456789010=30121011234567890123?<"
)

// stripeBench is a terminal that has been told of a sale.
func stripeBench(t testing.TB, dialect string) *bench {
	b := newBenchIn(t, dialect)
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	return b
}

func TestStripe(t *testing.T) {
	bare := func(track string) string { return track[1 : len(track)-2] }
	for _, c := range []struct {
		name, track1, track2, want string // want: what each dialect takes, unionpay-pos and iso87-ascii
	}{
		{"both", head1, head2, "2 12"},
		{"bare", bare(head1), bare(head2), "2 12"},
		{"track 2 only", "", head2, "2 2"},
		{"track 1 only", head1, "", "- 1"},
		{"none", "", "", "- -"},
		{"track 1 scratched", strings.Replace(head1, "ALICE", "ALIKE", 1), head2, "2 2"},
		{"track 2 scratched", head1, strings.Replace(head2, "=3012", "=3010", 1), "- 1"},
		{"both scratched", strings.Replace(head1, "ALICE", "ALIKE", 1), strings.Replace(head2, "=3012", "=3010", 1), "- -"},
		{"no check character", head1[:len(head1)-1], head2[:len(head2)-1], "- -"},
		{"no end", head1[:len(head1)-2], head2[:len(head2)-2], "- -"},
		{"two cards", "B6200123456789011^X^3012101", bare(head2), "- -"},
		{"two expiries", "B6200123456789010^X^3011101", bare(head2), "- -"},
		{"another format", "A6200123456789010^X^3012101", "", "- -"},
		{"no service code", "B6200123456789010^X^301210", "6200123456789010=301210", "- -"},
		{"too long", "B6200123456789010^X^3012101" + strings.Repeat("A", 50), "", "- -"},
	} {
		var got []string
		for _, dialect := range []string{"unionpay-pos", "iso87-ascii"} {
			read, ok := stripeBench(t, dialect).till.readStripe(Stripe{Track1: pay.NewSecret(c.track1), Track2: pay.NewSecret(c.track2)})
			taken := ""
			for n, track := range []pay.Secret{read.track1, read.track2} {
				if !track.IsZero() {
					taken += string("12"[n])
				}
			}
			if ok != (taken != "") || ok && (read.pan.Reveal() != "6200123456789010" || read.expiry != "3012" || read.service != "101") {
				t.Errorf("%s: %v, taken %q, expiry %s, service %s", c.name, ok, taken, read.expiry, read.service)
			}
			if !ok {
				taken = "-"
			}
			got = append(got, taken)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: took %s, want %s", c.name, got, c.want)
		}
	}
}

// FuzzStripe lets a head give anything: what is read names a card, and both tracks the same.
func FuzzStripe(f *testing.F) {
	f.Add(head1, head2, "")
	f.Add("%?", ";?", ";=?")
	till := stripeBench(f, "iso87-ascii").till
	f.Fuzz(func(t *testing.T, first, second, third string) {
		c, ok := till.readStripe(Stripe{Track1: pay.NewSecret(first), Track2: pay.NewSecret(second), Track3: pay.NewSecret(third)})
		if ok && (c.pan.IsZero() || len(c.expiry) != 4 || len(c.service) != 3 || c.track1.IsZero() && c.track2.IsZero()) {
			t.Error("a card without a number, an expiry, a service code or a track was read")
		}
		if number, _, _ := pay.Track1(c.track1.Reveal()); ok && !c.track1.IsZero() && number != c.pan.Reveal() {
			t.Error("track 1 names another card")
		}
	})
}
