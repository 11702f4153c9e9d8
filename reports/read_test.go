package reports

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

// A run that is read again is told as it was, in every format.
func TestReadDirReadsBack(t *testing.T) {
	dir := t.TempDir()
	r := rich()
	r.Features[0].Scenarios[1].Steps[2].Failure.Message[4].Value = "JSON has no bytes that are no UTF-8"
	if err := WriteDir(dir, r); err != nil {
		t.Fatal(err)
	}
	if !Holds(dir) || Holds(t.TempDir()) {
		t.Error("Holds does not know a run")
	}
	got, err := ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		if !bytes.Equal(written(t, f.Write, r), written(t, f.Write, got)) {
			t.Errorf("%s differs when it is written again", f.Name)
		}
	}
}

func TestReadDirMistakes(t *testing.T) {
	for _, c := range []struct{ name, run, trace, want string }{
		{"no run", "", "", "want a directory that `tillproof run` wrote"},
		{"no JSON", "{", "", "run.json: unexpected end of JSON input"},
		{"a wrong verdict", `{"features":[{"scenarios":[{"id":"a-1","status":"green"}]}]}`, "", `status "green": want one of`},
		{"an id that leaves the directory", `{"features":[{"scenarios":[{"id":"../../a","status":"passed"}]}]}`, "", `scenario id "../../a" is none`},
		{"a broken trace", `{"features":[{"scenarios":[{"id":"a-1","status":"passed"}]}]}`, "{\"seq\":1}\n{", "traces/a-1.ndjson, line 2: "},
	} {
		files := fstest.MapFS{"traces/a-1.ndjson": {Data: []byte(c.trace)}}
		if c.run != "" {
			files["run.json"] = &fstest.MapFile{Data: []byte(c.run)}
		}
		if _, err := readRun(files, "x"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// Whatever stands in a directory, reading it ends with a run that can be told, or an error.
func FuzzReadRun(f *testing.F) {
	var run bytes.Buffer
	if err := writeJSON(&run, sample()); err != nil {
		f.Fatal(err)
	}
	var trace bytes.Buffer
	if err := WriteTrace(&trace, &sample().Features[0].Scenarios[0]); err != nil {
		f.Fatal(err)
	}
	f.Add(run.Bytes(), trace.Bytes())
	f.Add([]byte("{}"), []byte(nil))
	f.Fuzz(func(t *testing.T, run, events []byte) {
		r, err := readRun(fstest.MapFS{"run.json": {Data: run}, "traces/swipe-sale-9.ndjson": {Data: events}}, "x")
		if err != nil {
			return
		}
		if err := (Text{}).Write(io.Discard, r); err != nil {
			t.Error(err)
		}
		if err := Compare(r, r).Write(io.Discard, "a", "b"); err != nil {
			t.Error(err)
		}
		for s := range r.scenarios {
			payments(s)
		}
	})
}
