package kernel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// step is one exchange of a scripted card.
type step struct{ command, response, about string }

// base is a whole contact payment that goes online: no signatures, so that every byte can be written here.
func base() []step {
	return []step{
		{"00A404000E 315041592E5359532E4444463031 00", "6A82", "no directory"},
		{"00A4040006 A00000033301 00", "6F0F 8407 A0000003330101 A504 870101 00 9000", "a longer name fits"},
		{"00A4040206 A00000033301 00", "6A82", "no further application"},
		{"00A4040007 A0000003330101 00", "6F13 8407 A0000003330101 A508 9F3805 9F3704 9A03 9000", "number and date are wanted"},
		{"80A8000009 8307 00000000 260601 00", "8006 1800 08010100 9000", "AIP: verification and risk management; one record"},
		{"00B2010C00", "702C 5A086200123456789010 5F2403301231 8C08 9F0206 9505 9F3704 8D04 8A02 9505 8E0A 0000000000000000 1F00 9000", "the record"},
		{"80AE80000F 000000001000 8000008000 00000000 00", "8013 80 0001 A1A2A3A4A5A6A7A8 07010103A0200001 9000", "ARQC"},
		{"80AE400007 3030 8000008000 00", "8013 40 0001 B1B2B3B4B5B6B7B8 07010103A0200001 9000", "TC"},
	}
}

// TestScripted holds a transaction to its bytes, and shows what one change of a card's answer leads to.
func TestScripted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]step) []step
		want   Ending
		why    string
	}{
		{"base", func(s []step) []step { return s }, Approved, ""},
		{"the card declines last", func(s []step) []step { s[7].response = "8013 00" + s[7].response[7:]; return s }, Declined, "after the host's approval"},
		{"waiting bytes are fetched", func(s []step) []step {
			got := s[6].response
			s[6].response = "6115"
			return slices.Insert(s, 7, step{"00C0000015", got, "GET RESPONSE"})
		}, Approved, ""},
		{"the length is said again", func(s []step) []step {
			record := s[5].response
			s[5].response = "6C2E"
			return slices.Insert(s, 6, step{"00B2010C2E", record, "the same record with its length"})
		}, Approved, ""},
		{"the record is no template", func(s []step) []step { s[5].response = "5A01 9000"; return s[:6] }, Fallback, "no template"},
		{"the cryptogram has no format", func(s []step) []step { s[6].response = "9000"; return s[:7] }, Fallback, "makes no sense"},
		{"the last cryptogram has no format", func(s []step) []step { s[7].response = "9000"; return s }, Terminated, "makes no sense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := c.change(base())
			s := newSetting(t)
			s.c.Apps[0].Data[emv.Tag9F1BFloorLimit] = make([]byte, 4)
			at := 0
			s.card.raw = func(cmd emv.Command) (emv.Response, bool) {
				if at == len(script) {
					t.Fatalf("one command more than the script has: %X", cmd.Append(nil))
				}
				if got, want := cmd.Append(nil), unhex(script[at].command); fmt.Sprintf("%X", got) != fmt.Sprintf("%X", want) {
					t.Fatalf("%s:\n got %X\nwant %X", script[at].about, got, want)
				}
				r, err := emv.ParseResponse(unhex(script[at].response))
				if err != nil {
					t.Fatal(err)
				}
				at++
				return r, true
			}
			o := s.run()
			if o.Ending != c.want || !strings.Contains(o.Why, c.why) || at != len(script) {
				t.Errorf("%s after %d of %d commands: %s", o.Ending, at, len(script), o.Why)
			}
		})
	}
}

// TestPublishedSelections holds the terminal's commands, and what it makes of the answers, to exchanges that another
// implementation is tested with.
func TestPublishedSelections(t *testing.T) {
	text, err := os.ReadFile("testdata/selection.txt")
	if err != nil {
		t.Fatal(err)
	}
	sets := strings.Split(string(text), "\nset ")[1:]
	if len(sets) < 12 {
		t.Fatalf("only %d sets", len(sets))
	}
	for _, set := range sets {
		lines := strings.Split(strings.TrimSpace(set), "\n")
		t.Run(lines[0], func(t *testing.T) {
			c := &Config{Rules: Reference(), Choose: true, Random: steady(0)}
			for _, aid := range []string{"A0000000031010", "A0000000032010", "A0000000032020", "A0000000041010", "A0000000043060"} {
				partial := byte(0)
				if strings.HasPrefix(aid, "A000000003202") || aid == "A0000000032010" {
					partial = 1
				}
				c.Apps = append(c.Apps, App{unhex(aid), emv.Data{emv.TagDF01SelectionIndicator: {partial}}})
			}
			script := lines[2:]
			tr := &transaction{c: c, r: c.Rules, own: emv.Data{}, card: emv.Data{}, ask: func(n Need) Answer {
				if len(script) < 2 || "> "+fmt.Sprintf("%X", n.Command.Append(nil)) != script[0] {
					t.Fatalf("got %X, want %s", n.Command.Append(nil), strings.Join(script[:min(1, len(script))], ""))
				}
				r, err := emv.ParseResponse(unhex(script[1][2:]))
				if err != nil {
					t.Fatal(err)
				}
				script = script[2:]
				return Answer{Response: r}
			}}
			got := ""
			if out := buildCandidates(tr); out != nil {
				got = string(out.Ending)
			} else if asked := labels(tr); len(asked) > 0 {
				got = strings.Join(asked, ", ")
			} else if _, out := tr.choose(); out != nil {
				got = string(out.Ending)
			}
			if want := strings.TrimPrefix(lines[1], "want "); got != want || len(script) > 0 {
				t.Errorf("%s, want %s; %d lines are left", got, want, len(script))
			}
		})
	}
}

// TestLabel: what an application is called in a menu (Book 1, 12.4).
func TestLabel(t *testing.T) {
	for list, want := range map[string]string{
		"":                                  "A000000333010102",
		"5005 5041504552":                   "PAPER",
		"5005 5041504552 9F1205 5041524942": "PARIB",
		"5005 5041504552 9F1204 B6B0B8B6":   "PAPER",
	} {
		objects, err := tlv.Parse(unhex(list), tlv.Tolerant)
		if got := candidateOf(nil, unhex(testAID), objects).label; err != nil || got != want {
			t.Errorf("%s: %s, want %s: %v", list, got, want, err)
		}
	}
}

// labels are those of the candidates, best first.
func labels(t *transaction) (all []string) {
	slices.SortStableFunc(t.candidates, func(a, b candidate) int { return rank(a.priority) - rank(b.priority) })
	for _, c := range t.candidates {
		all = append(all, c.label)
	}
	return all
}

// TestCutAnywhere stops a transaction at each of its needs: it ends, and nothing is approved.
func TestCutAnywhere(t *testing.T) {
	for cut := 0; ; cut++ {
		s := newSetting(t)
		online(s)
		k := Start(s.c)
		need, more := k.Next(Answer{})
		for range cut {
			if !more {
				return // cut behind the end
			}
			var a Answer
			switch need.Kind {
			case NeedAPDU:
				s.card.number = make([]byte, 4)
				a.Response = s.card.answer(need.Command)
			case NeedPIN:
				a.PIN.Clear = pay.NewSecret("1234")
			case NeedOnline:
				a.Host = s.host
			}
			need, more = k.Next(a)
		}
		if k.Stop(); more && (k.Outcome().Ending == Approved || k.Outcome().Ending == ApprovedOffline) {
			t.Fatalf("cut at need %d: %s", cut, k.Outcome().Ending)
		}
	}
}

func TestParseApp(t *testing.T) {
	a, err := ParseApp(emv.Data{emv.Tag9F06AID: unhex(testAID), emv.Tag9F08CardVersion: unhex("0030")})
	if err != nil || fmt.Sprintf("%X", a.Data[emv.Tag9F09TerminalVersion]) != "0030" || a.Data[emv.Tag9F08CardVersion] != nil {
		t.Errorf("%v, %v", a, err)
	}
	for name, d := range map[string]emv.Data{
		"no AID":      {emv.TagDF01SelectionIndicator: {0}},
		"short codes": {emv.Tag9F06AID: unhex(testAID), emv.TagDF11TACDefault: {0}},
	} {
		if _, err := ParseApp(d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestPick: below the threshold the target, then evenly more, at the floor limit the maximum (Book 3, 10.6.2).
func TestPick(t *testing.T) {
	for _, c := range []struct {
		number int
		amount int64
		want   bool
	}{{20, 0, true}, {21, 0, false}, {20, 999, true}, {21, 999, false}, {20, 1000, true}, {50, 3000, true}, {51, 3000, false}, {79, 4999, true}, {80, 4999, false}} {
		if got := pick(c.number, c.amount, 5000, 1000, 20, 80); got != c.want {
			t.Errorf("number %d, amount %d: %v", c.number, c.amount, got)
		}
	}
}

func TestField55(t *testing.T) {
	d := emv.Data{}
	for _, tag := range append(tagsOf(UseOffline), tagsOf(UseScript)...) {
		d[tag] = []byte{1}
	}
	for use, want := range map[Use]string{
		UseReversal: "950101 9F1E0101 9F100101 9F360101 DF310101",
		UseScript:   "9F330101 950101 9F370101 9F1E0101 9F100101 9F260101 9F360101 820101 DF310101 9F1A0101 9A0101",
	} {
		if got := Field55(use, d); !bytes.Equal(got, unhex(want)) {
			t.Errorf("%d: %X, want %s", use, got, want)
		}
	}
	if got := Field55(UseOffline, d); !bytes.HasSuffix(got, unhex("9F740101 8A0101")) {
		t.Errorf("%X", got)
	}
}

// strict makes a terminal that approves nothing without a signature and whose host is never reached.
func strict(s *setting) {
	s.host = Host{}
	s.c.Apps[0].Data[emv.TagDF11TACDefault], s.c.Apps[0].Data[emv.TagDF12TACOnline] = unhex("FC00000000"), unhex("FC00000000")
	s.c.Keys = nil
}

// FuzzCard lets a card answer with anything: the honest answer changed, or bytes as they come. Nothing is approved, nothing hangs.
func FuzzCard(f *testing.F) {
	f.Add(uint64(1), []byte{0x90, 0x00}, false)
	f.Add(uint64(2), []byte{0x70, 0x03, 0x5A, 0x01, 0x00, 0x90, 0x00}, true)
	f.Add(uint64(3), []byte{0x77, 0x0E, 0x9F, 0x27, 0x01, 0x40, 0x9F, 0x36, 0x02, 0, 1, 0x90, 0x00}, false)
	records := map[string][][]byte{}
	f.Fuzz(func(t *testing.T, seed uint64, junk []byte, tap bool) {
		r := rand.New(rand.NewPCG(seed, uint64(len(junk))))
		s := newSetting(t)
		if tap {
			tapped(s)
			if seed%2 == 0 {
				generate(s)
			}
		}
		if seed%3 == 0 {
			s.card.aip |= emv.AIP1x01CDA
		}
		strict(s)
		s.card.shared = records
		s.card.raw = func(c emv.Command) (emv.Response, bool) {
			switch r.IntN(12) {
			case 0:
				answer, err := emv.ParseResponse(junk)
				return answer, err == nil
			case 1:
				return emv.Response{Data: junk, SW: emv.SW9000OK}, len(junk) <= 256
			case 2:
				return emv.Response{SW: emv.StatusWord(r.Uint32())}, true
			case 3:
				raw := s.card.raw
				s.card.raw = nil
				answer := s.card.answer(c)
				answer.Data = bytes.Clone(answer.Data)
				s.card.raw = raw
				if len(answer.Data) > 0 && len(junk) > 0 {
					answer.Data[r.IntN(len(answer.Data))] ^= junk[r.IntN(len(junk))]
				}
				return answer, true
			}
			return emv.Response{}, false
		}
		approves := seed%5 == 0
		if approves {
			s.host = Host{Reached: true, Answer: ARC00Approved, Data: junk}
		}
		o := s.run()
		if o.Ending == ApprovedOffline || o.Ending == Approved && !(approves && o.Online) ||
			o.Ending == Approved && !tap && o.ACs[len(o.ACs)-1].Kind() != emv.CID40TC {
			t.Errorf("%+v", o)
		}
		if approves && o.Online && o.Ending != Approved && !o.Reverse {
			t.Errorf("the host approved in vain: %+v", o)
		}
		if o.Ending == "" || o.Commands > s.c.Rules.MaxCommands {
			t.Errorf("%q after %d commands", o.Ending, o.Commands)
		}
	})
}
