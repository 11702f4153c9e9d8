package rig

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
)

// Whatever stands in a profile, it is read or refused with its place; it never takes the process down.
func FuzzProfile(f *testing.F) {
	shipped, err := fs.Glob(fixtures.FS, "profiles/*.yaml")
	if err != nil || len(shipped) == 0 {
		f.Fatalf("%d shipped profiles, %v", len(shipped), err)
	}
	for _, name := range shipped {
		text, err := fs.ReadFile(fixtures.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("name: x\ndialect: unionpay-pos\nterminals: [{label: T1}]\n"))
	f.Add([]byte("dialect: [\n"))
	f.Add([]byte("name: x\ndialect: unionpay-pos\ntimers: {answer: soon}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "p.yaml") // dialect and PEM paths are looked for beside it
		if _, err := parseProfile(text, file, noEnvironment); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "profile ") && !strings.HasPrefix(line, "dialect ") {
					t.Errorf("the mistake does not say where: %q", line)
				}
			}
		}
	})
}
