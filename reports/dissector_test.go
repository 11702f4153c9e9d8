package reports

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// dissected has tshark read a capture with the dissector of a dialect, and gives of each packet that holds a message its fields in the order
// asked for.
func dissected(t *testing.T, d *iso8583.Dialect, capture []byte, fields []string, options ...string) [][]string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark on the path: install Debian's tshark to see captures and dissectors in it")
	}
	dir := t.TempDir()
	var script bytes.Buffer
	if err := d.WriteDissector(&script); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"dialect.lua": script.Bytes(), "wire.pcapng": capture} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"-X", "lua_script:" + filepath.Join(dir, "dialect.lua"), "-r", filepath.Join(dir, "wire.pcapng"), "-T", "fields", "-E", "separator=/t"}, options...)
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(t.Context(), tshark, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || strings.Contains(complaints.String(), "Lua") {
		t.Fatalf("tshark: %v\n%s", err, &complaints)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		if row := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); row[0] != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// asDissected names the fields of a dialect as its dissector does. Chip data are told apart by the dissector, object by object.
func asDissected(id string, messages []DecodedMessage) (fields []string) {
	fields = []string{id + ".mti", id + ".message"}
	for n := 2; n <= 128; n++ {
		for _, m := range messages {
			for _, f := range m.Fields {
				if name := fmt.Sprintf("F%d", n); (f.ID == name || strings.HasPrefix(f.ID, name+".")) && f.ID != "F55" {
					if field := id + ".f" + strings.Replace(f.ID[1:], ".", "_", 1); !strings.Contains(strings.Join(fields, " ")+" ", field+" ") {
						fields = append(fields, field)
					}
				}
			}
		}
	}
	return fields
}

// agree holds what tshark made of a capture to what we make of it, field by field. The dissector shares no code with our decoder.
func agree(t *testing.T, d *iso8583.Dialect, id string, capture []byte, least int, options ...string) {
	t.Helper()
	decoding, err := Decode([]*iso8583.Dialect{d}, capture)
	if err != nil || len(decoding.Faults) > 0 {
		t.Fatal(err, decoding)
	}
	fields := asDissected(id, decoding.Messages)
	rows := dissected(t, d, capture, fields, options...)
	if len(rows) != len(decoding.Messages) || len(rows) < least {
		t.Fatalf("tshark reads %d messages, we read %d, want %d at least", len(rows), len(decoding.Messages), least)
	}
	compared := 0
	for i, m := range decoding.Messages {
		said := map[string]string{id + ".mti": m.Fields[0].Value, id + ".message": strings.Replace(m.Name, "no known flow", "unknown", 1)}
		for _, f := range m.Fields {
			said[id+".f"+strings.Replace(strings.TrimPrefix(f.ID, "F"), ".", "_", 1)] = f.Value
		}
		for j, field := range fields {
			got := strings.ReplaceAll(rows[i][j], `\\`, `\`) // tshark escapes the backslash
			if want := said[field]; !strings.EqualFold(got, want) && !strings.Contains(want, "*") {
				t.Errorf("frame %d, %s: tshark says %q, we say %q", m.Frame, field, got, want)
			} else if want != "" {
				compared++
			}
		}
	}
	if compared < 8*least {
		t.Errorf("only %d fields were compared", compared)
	}
}

// Foreign traffic, which jPOS wrote, in three dialects: ASCII with four digits of length, a binary bitmap, packed digits behind a TPDU.
func TestDissectorReadsForeignCaptures(t *testing.T) {
	for file, name := range map[string]string{"ascii-4digit": "jpos-ascii4", "ascii-2byte-binary-bitmap": "jpos-binary-bitmap", "bcd-tpdu": "jpos-bcd-tpdu"} {
		t.Run(name, func(t *testing.T) {
			dialects, err := Dialects(name)
			if err != nil {
				t.Fatal(err)
			}
			capture, err := fs.ReadFile(fixtures.FS, "captures/"+file+".pcap")
			if err != nil {
				t.Fatal(err)
			}
			agree(t, dialects[0], strings.ReplaceAll(name, "-", "_"), capture, 34)
		})
	}
}

// world gives the trace of a day's beginning in a dialect: sign-in, a sale, a decline.
func world(t *testing.T, dialect string) (*rig.Rig, *Run) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.yaml")
	if err := os.WriteFile(file, []byte("name: "+dialect+"\nseat: embedded\ndialect: "+dialect+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	profile, err := rig.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineMemory})
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.World(t.Context(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	till, err := w.Till("T1")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{till.SignIn(), till.Swipe("Alice", pay.CNY(10_00), rig.PINRight),
		till.Order(rig.Order{Flow: pay.Sale, Amount: pay.CNY(20_00), Who: "Carol", PIN: rig.PINRight, By: rig.ByChip}),
		till.Swipe("Bob", pay.CNY(99_999_00), rig.PINRight)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r, &Run{Dialect: r.Dialect.Name, Framing: r.Dialect.Framing, Features: []Feature{{Scenarios: []Scenario{{ID: "day-1", Status: Passed, Trace: w.Events()}}}}}
}

// The line to our issuer has a capture of its own, which the dissector of its dialect reads.
func TestIssuersLineInTshark(t *testing.T) {
	r, run := world(t, "unionpay-pos")
	run.IssuerFraming = r.Network().Framing
	agree(t, r.Network(), "issuer_network", written(t, writeIssuerCapture, run), 6)
}

// The capture of a run reads in tshark, with the dissector of each dialect that ships: by its port, and by what its bytes look like.
func TestRunCaptureInTshark(t *testing.T) {
	for profile, id := range map[string]string{"unionpay-pos": "unionpay_pos", "iso93": "iso93", "iso87-ascii": "iso87_ascii", "iso87-binary": "iso87_binary"} {
		t.Run(profile, func(t *testing.T) {
			r, run := world(t, profile)
			capture := written(t, writeCapture, run)
			if !bytes.Contains(capture, []byte("masked: packed digits by 0")) {
				t.Error("the capture does not say how it is masked")
			}
			agree(t, r.Dialect, id, capture, 6)
			if profile != "unionpay-pos" {
				return
			}
			elsewhere := dissected(t, r.Dialect, capture, []string{id + ".mti", id + ".tag", "frame.comment"}, "-d", "tcp.port==8583,"+id)
			if all := fmt.Sprint(elsewhere); len(elsewhere) < 6 || elsewhere[0][2] != "day-1" || !strings.Contains(all, "9F26: ") || !strings.Contains(all, "95: ") {
				t.Errorf("%q", elsewhere)
			}
			wrong := dissected(t, r.Dialect, capture, []string{"frame.number"}, "-Y", "_ws.malformed || tcp.analysis.flags || "+id+".malformed")
			if len(wrong) > 0 {
				t.Errorf("tshark complains: %q", wrong)
			}
		})
	}
}
