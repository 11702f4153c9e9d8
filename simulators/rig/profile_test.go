package rig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/rig"
)

// A mistake in a profile is told in one line, with file, line and setting, and without the secret that it may be about. Each case
// changes a good profile in one place; of a mistake that a run finds the place counts too.
func TestProfileMistakes(t *testing.T) {
	const good = `name: mine
seat: remote
dialect: unionpay-pos
address: 127.0.0.1:8583
timers: {answer: 30s}
production_kcvs: ["ABCDEF"]
cvk:
  components: ["7F0645666FB8DF5A4D0B909B24232D11", "D4F8C15E514532805210976F92FE9200"]
  kcv: "96BBF3A6"
terminals:
  - label: T1
    number: "10000001"
    merchant: "898320548160001"
    tmk:
      components: ["07BF48AC390ABBC615A8DCF59097CCDE", "76CF0301F6CA3F8CB2C14131CEEA9824"]
      kcv: "B06998E8"
cards:
  - name: Bob
    pan: "6200120025830432"
    expiry: "3012"
    service: "101"
    pin: "579135"
    balance: 100.00 CNY
`
	for _, c := range []struct{ name, old, new, want string }{
		{"good", "", "", ""},
		{"no YAML", "name: mine", "name: [", "1: "},
		{"unknown setting", "address:", "adress:", `4: unknown field "adress"`},
		{"a setting twice", "seat: remote", "seat: remote\nseat: remote", `3: mapping key "seat" already defined`},
		{"no such seat", "seat: remote", "seat: cloud", `2: seat: "cloud" is no seat: want embedded, remote, container, terminal or switch`},
		{"embedded with an address", "seat: remote", "seat: embedded", "2: seat: an embedded host has no address"},
		{"no such dialect", "unionpay-pos", "esperanto", `3: dialect: "esperanto" is neither a shipped dialect nor a file`},
		{"no dialect", "dialect: unionpay-pos\n", "", "names no dialect"},
		{"address without port", "127.0.0.1:8583", "127.0.0.1", `4: address: "127.0.0.1": want host:port`},
		{"address elsewhere", "127.0.0.1:8583", "pos.example:8583", "4: address: pos.example:8583 is not this machine: say `remote: true`"},
		{"address elsewhere, allowed", "127.0.0.1:8583", "pos.example:8583\nremote: true", ""},
		{"no such timer", "{answer: 30s}", "{tea: 30s}", "5: timers.tea: "},
		{"a timer that is no time", "{answer: 30s}", "{answer: soon}", "5: timers.answer: "},
		{"a production key that protects nothing", `["ABCDEF"]`, `["ABCDE"]`, `6: production_kcvs[0]: "ABCDE": want six or eight hex digits`},
		{"a production key", `["ABCDEF"]`, `["B06998"]`, "15: terminals[0].tmk: KCV B06998E8 is on the list of production keys"},
		{"a production card key", `["ABCDEF"]`, `["96bbf3a6"]`, "8: cvk: KCV 96BBF3A6 is on the list of production keys"},
		{"a card key of another kind", "cvk:\n", "cvk:\n  algorithm: sm4\n", `8: cvk.algorithm: "sm4": want one of [3des-2]`},
		{"wrong check value", "B06998E8", "B06998E9", "16: terminals[0].tmk.kcv: the components give KCV B06998E8, not B06998E9"},
		{"component of another length", "07BF48AC390ABBC615A8DCF59097CCDE", "07BF48AC390ABBC6", "15: terminals[0].tmk.components: "},
		{"component that is no hex", "07BF48AC390ABBC615A8DCF59097CCDE", "07BF48AC390ABBC615A8DCF59097CCDX", "15: terminals[0].tmk.components: component 1 is not hex"},
		{"no terminal number", "    number: \"10000001\"\n", "", "11: terminals[0]: a terminal needs label, number and merchant"},
		{"short terminal number", "10000001", "1000001", `12: terminals[0].number: "1000001": want eight characters`},
		{"short merchant number", "898320548160001", "898", `13: terminals[0].merchant: "898": want fifteen characters`},
		{"till that no feature names", "label: T1", "label: T9", `11: terminals[0].label: till "T9" is not in the cast`},
		{"no terminals", good[strings.Index(good, "terminals:"):strings.Index(good, "cards:")], "", "2: seat: a remote host needs `terminals`"},
		{"no master key", good[strings.Index(good, "    tmk:"):strings.Index(good, "cards:")], "", "11: terminals[0]: terminal T1 has no tmk"},
		{"wrong check digit", "6200120025830432", "6200120025830433", "19: cards[0].pan: the check digit"},
		{"expiry the other way round", `"3012"`, `"1230"`, "20: cards[0].expiry: want year and month, YYMM"},
		{"short service code", `"101"`, `"10"`, "21: cards[0].service: "},
		{"short PIN", `"579135"`, `"579"`, "22: cards[0].pin: want four to twelve digits"},
		{"track of another card", "    pin:", "    track_2: 6200120018438862D301210110000\n    pin:", "22: cards[0].track_2: "},
		{"no track and no key for it", good[strings.Index(good, "cvk:"):strings.Index(good, "terminals:")], "", "15: cards[0]: the card needs its track_2"},
		{"balance without currency", "100.00 CNY", "100.00", "23: cards[0].balance: "},
		{"nobody's card", "name: Bob", "name: Bobby", `18: cards[0].name: cardholder "Bobby" is not in the cast`},
		{"no such authority file", "timers:", "tls: {ca: none.pem}\ntimers:", "5: tls.ca: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("%q is not in the good profile", c.old)
			}
			file := filepath.Join(t.TempDir(), "mine.yaml")
			must(t, writeFile(file, strings.Replace(good, c.old, c.new, 1)))
			err := mistake(file)
			if c.want == "" {
				must(t, err)
				return
			}
			if err == nil {
				t.Fatalf("no mistake was found, want %q", c.want)
			}
			text := err.Error()
			if !strings.Contains(text, c.want) || !strings.HasPrefix(text, "profile "+file+":") || strings.Contains(text, "\n") {
				t.Errorf("got %s\nwant %s", text, c.want)
			}
			for _, secret := range []string{"579135", "6200120025830432", "07BF48AC390ABBC6", "76CF0301F6CA3F8C", "7F0645666FB8DF5A"} {
				if strings.Contains(text, secret) {
					t.Errorf("it tells a secret: %s", text)
				}
			}
		})
	}
}

func mistake(file string) error {
	p, err := rig.LoadProfile(file)
	if err != nil {
		return err
	}
	_, err = rig.New(rig.Options{Profile: p, Line: rig.LineSocket})
	return err
}

// Where no sign-in brings keys a terminal has fixed ones, and only there.
func TestFixedKeys(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"good", "", "", ""},
		{"no PIN key", "    pik:", "    # pik:", "terminals[0]: terminal T1 has no pik: in dialect host-packed no sign-in brings one"},
		{"no MAC key", "    mak:", "    # mak:", "terminals[0]: terminal T1 has no mak"},
		{"a master key beside them", "    pik:", "    tmk: {components: [\"8A2C4E6F10325476BA98DCFE01234567\"]}\n    pik:", "terminals[0].tmk: dialect host-packed brings no keys by sign-in"},
		{"keys that a sign-in brings", "dialect: host-packed.yaml", "dialect: unionpay-pos", "terminals[0]: dialect unionpay-pos brings the working keys by sign-in: want tmk"},
		{"wrong check value", "\"]}", "\"], kcv: \"000000\"}", "terminals[0].pik.kcv: the components give KCV"},
		{"at the embedded host", "seat: remote\n", "", "dialect host-packed has fixed keys, which only a remote host's terminals have"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := foreignProfile(t, "packed", c.old, c.new)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A key may come as a key block of another maker's HSM; it must be for what it is used for.
func TestKeysInBlocks(t *testing.T) {
	const (
		whole = `pik: {components: ["D07716364E6D082BE8CB8CAF57741132", "5A5B58595E5F5C5D5253505156575455"]}`
		kbpk  = "kbpk: {components: [\"DD7515F2BFC17F85CE48F3CA25CB21F6\"]}\nterminals:"
		block = "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E" // TR-31:2018, A.7.2.2
	)
	for _, c := range []struct{ name, kbpk, pik, want string }{
		{"good", kbpk, `pik: {block: "` + block + `", kcv: 57C409}`, ""},
		{"nothing to open it with", "terminals:", `pik: {block: "` + block + `"}`, "terminals[0].pik.block: want the profile's kbpk"},
		{"another key's", strings.Replace(kbpk, "DD75", "DD76", 1), `pik: {block: "` + block + `"}`, "its MAC is wrong"},
		{"a key for MACs", kbpk, `mak: {block: "` + block + `"}` + "\n    " + whole, "terminals[0].mak.block: the block says that its key is for P0: want one of M0"},
		{"no block", kbpk, `pik: {block: "B0080P0TE00E"}`, "want 16 characters at the least"},
		{"wrong check value", kbpk, `pik: {block: "` + block + `", kcv: "57C40A"}`, "terminals[0].pik.kcv: the components give KCV 57C409"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
			file := filepath.Join(dir, "ascii.yaml")
			text, err := os.ReadFile(file)
			must(t, err)
			must(t, writeFile(file, strings.Replace(strings.Replace(string(text), "terminals:", c.kbpk, 1), whole, c.pik, 1)))
			_, err = rig.LoadProfile(file)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), block[20:]) || strings.Contains(err.Error(), "DD7")) {
				t.Errorf("a key stands in %v", err)
			}
		})
	}
}
