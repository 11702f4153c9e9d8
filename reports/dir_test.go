package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

func TestWriteDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "1")
	if err := os.MkdirAll(filepath.Join(dir, "traces"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"traces/of-an-earlier-run-1.ndjson", "traces/mine.txt", "run.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := sample()
	if err := WriteDir(dir, r); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cucumber.json", "issuer.pcapng", "junit.xml", "messages.ndjson", "report.html", "run.json", "summary.md", "summary.txt", "traces/mine.txt", "traces/swipe-sale-25.ndjson", "traces/swipe-sale-9.ndjson", "wire.pcapng"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, f := range Formats() {
		text, err := os.ReadFile(filepath.Join(dir, f.File))
		if err != nil || !bytes.Equal(text, written(t, f.Write, r)) {
			t.Errorf("%s differs from what the format writes, %v", f.File, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "traces/swipe-sale-9.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "swipe-sale-9.ndjson", text)
}

func TestWriteTraceReadsBack(t *testing.T) {
	s := &sample().Features[0].Scenarios[0]
	var b bytes.Buffer
	if err := WriteTrace(&b, s); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(&b)
	for i := 0; lines.Scan(); i++ {
		var got struct {
			Seq               int
			Party, Name, Text string
			Kind              trace.Kind
			Frame             string
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		want := s.Trace[i]
		if got.Seq != want.Seq || got.Kind != want.Kind || got.Text != want.Text || got.Frame != want.Frame.String() {
			t.Errorf("line %d reads %+v", i+1, got)
		}
	}
}

// TestWriteDirFails: one file that cannot be written is named, and the others are there.
func TestWriteDirFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "junit.xml"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := WriteDir(dir, sample())
	if err == nil || !strings.Contains(err.Error(), "junit.xml") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error: %v", err)
	}
	for _, name := range []string{"summary.txt", "run.json", "traces/swipe-sale-9.ndjson"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := WriteDir(filepath.Join(dir, "summary.txt"), sample()); err == nil {
		t.Error("a file was taken for a directory")
	}
}
