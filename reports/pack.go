package reports

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Pack is the evidence of a run, for somebody who was not there.
type Pack struct {
	Run     *Run
	Earlier []*Run     // the same cases before, oldest first
	Cases   []LabCase  // a laboratory's own ids, in its order
	Waivers []Waiver   // what somebody has agreed to let pass
	Logs    []HandedIn // of the host
	Made    time.Time
	Key     ed25519.PrivateKey
}

// HandedIn is a log that the host's people gave. Long numbers in it are masked as it is taken in.
type HandedIn struct {
	Name string
	Text []byte
}

// Manifest names every file of a pack but itself and its signature.
type Manifest struct {
	Format    string         `json:"format"`
	Version   string         `json:"version"` // of tillproof
	Made      time.Time      `json:"made"`
	Run       string         `json:"run"` // when it began
	Profile   string         `json:"profile"`
	Dialect   string         `json:"dialect"`
	PublicKey string         `json:"public_key"` // ed25519, hex
	Files     []ManifestFile `json:"files"`
}

// ManifestFile is one file of a pack.
type ManifestFile struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	packFormat    = "tillproof evidence pack 1"
	manifestFile  = "manifest.json"
	signatureFile = "manifest.sig" // 64 bytes over manifest.json: openssl pkeyutl -verify -rawin reads it, too
)

// Write writes the pack as a zip. Its bytes follow from the pack alone.
func (p *Pack) Write(w io.Writer) error {
	files, err := p.files()
	if err != nil {
		return err
	}
	public, ok := p.Key.Public().(ed25519.PublicKey)
	if !ok || len(p.Key) != ed25519.PrivateKeySize {
		return errors.New("evidence pack: it has no key to be signed with")
	}
	m := Manifest{Format: packFormat, Version: p.Run.Version, Made: p.Made.UTC(), Run: p.Run.Started.Format(time.RFC3339Nano), Profile: p.Run.Profile,
		Dialect: p.Run.Dialect, PublicKey: hex.EncodeToString(public)}
	for _, f := range files {
		sum := sha256.Sum256(f.text)
		m.Files = append(m.Files, ManifestFile{f.name, len(f.text), hex.EncodeToString(sum[:])})
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("evidence pack: %w", err)
	}
	out := zip.NewWriter(w)
	signed := []packFile{{manifestFile, manifest}, {signatureFile, ed25519.Sign(p.Key, manifest)}}
	for _, f := range append(signed, files...) {
		member, err := out.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: p.Made.UTC()})
		if err == nil {
			_, err = member.Write(f.text)
		}
		if err != nil {
			return fmt.Errorf("evidence pack: %s: %w", f.name, err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("evidence pack: %w", err)
	}
	return nil
}

type packFile struct {
	name string
	text []byte
}

// files gives all of a pack but its manifest: the summary first, then each case in a folder of its own, then what machines read.
func (p *Pack) files() (all []packFile, err error) {
	cases, err := p.cases()
	if err != nil {
		return nil, err
	}
	add := func(name string, write func(io.Writer) error) {
		var b bytes.Buffer
		if e := write(&b); e != nil {
			err = errors.Join(err, fmt.Errorf("evidence pack: %s: %w", name, e))
		}
		if b.Len() > 0 {
			all = append(all, packFile{name, b.Bytes()})
		}
	}
	add("summary.html", func(w io.Writer) error { return p.writeSummary(w, cases) })
	add("cases.csv", func(w io.Writer) error { return writeCases(w, cases) })
	add("questionnaire.json", func(w io.Writer) error { return encodeJSON(w, p.questionnaire(cases)) })
	for _, c := range cases {
		folder := "cases/" + c.Folder + "/"
		add(folder+"verdict.json", func(w io.Writer) error { return encodeJSON(w, c) })
		for _, part := range caseParts() {
			add(folder+part.name, func(w io.Writer) error { return part.write(w, c.scenario) })
		}
	}
	for i, l := range p.Logs {
		add(fmt.Sprintf("host-logs/%02d-%s.txt", i+1, safeName(l.Name)), func(w io.Writer) error { _, err := w.Write(maskNumbers(l.Text)); return err })
	}
	for _, f := range Formats() {
		add(f.File, func(w io.Writer) error { return f.Write(w, p.Run) })
	}
	for s := range p.Run.scenarios {
		if len(s.Trace) > 0 {
			add(traceFile(s), func(w io.Writer) error { return WriteTrace(w, s) })
		}
	}
	return all, err
}

// questionnaire says what the system under test claims, and what of the suite was therefore selected and excluded.
type questionnaire struct {
	Profile   string     `json:"profile"`
	Seat      string     `json:"seat"`
	Dialect   string     `json:"dialect"`
	Line      string     `json:"line"`
	Claims    string     `json:"claims"`    // topics, or all
	Selection string     `json:"selection"` // what was asked for, or all
	Selected  []string   `json:"selected"`
	Excluded  []Excluded `json:"excluded"`
}

// Excluded is a case that shows nothing, and why.
type Excluded struct {
	Case   string `json:"case"`
	Reason string `json:"reason"`
}

func (p *Pack) questionnaire(cases []Case) questionnaire {
	all := func(s string) string {
		if s == "" {
			return "all"
		}
		return s
	}
	q := questionnaire{Profile: p.Run.Profile, Seat: p.Run.Seat, Dialect: p.Run.Dialect, Line: p.Run.Line, Claims: all(strings.Join(p.Run.Claims, ", ")),
		Selection: all(p.Run.Selection), Selected: []string{}, Excluded: []Excluded{}}
	for _, c := range cases {
		if c.Verdict == Skipped {
			q.Excluded = append(q.Excluded, Excluded{c.ID, c.Reason})
		} else {
			q.Selected = append(q.Selected, c.ID)
		}
	}
	for _, v := range p.Run.Verdicts() {
		for _, id := range v.LeftOut {
			if e := (Excluded{id, "not selected for this run"}); !slices.Contains(q.Excluded, e) {
				q.Excluded = append(q.Excluded, e)
			}
		}
	}
	return q
}
