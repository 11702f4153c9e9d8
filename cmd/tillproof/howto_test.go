package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// yamlFiles gives the fenced yaml blocks of a file in the module's root, by the name in their first line.
func yamlFiles(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n# ([a-z.-]+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		files[block[1]] = block[2]
	}
	return files
}

// "Your own host in an hour" does what it says: its two files drive a host that tillproof has never met.
func TestHostInAnHour(t *testing.T) {
	const guide, inChinese = "fixtures/profiles/README.md", "fixtures/profiles/README.zh-CN.md"
	files, list := yamlFiles(t, guide), commands(t, guide)
	if diff := cmp.Diff(files, yamlFiles(t, inChinese)) + cmp.Diff(list, commands(t, inChinese)); diff != "" {
		t.Errorf("the guides differ (-English +Chinese):\n%s", diff)
	}
	if len(files) != 2 || len(list) != 5 {
		t.Fatalf("%d files and %d commands: want a dialect and a profile, and how to use them", len(files), len(list))
	}
	dir := t.TempDir()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	const address = "127.0.0.1:8583"
	for _, line := range list {
		switch {
		case strings.HasPrefix(line, "go build -o tillproof "):
			shell(t, root, strings.Replace(line, "-o tillproof", "-o "+filepath.Join(dir, "tillproof"), 1))
		case strings.HasPrefix(line, "go run ./simulators/rig/foreign "):
			shell(t, root, "go build -o "+filepath.Join(dir, "host")+" ./simulators/rig/foreign")
			_, said, _ := strings.Cut(line, "foreign ")
			port := hosting(t, dir, "./host "+strings.Replace(said, address, "127.0.0.1:0", 1))
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(text, address, port, 1)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		default:
			shell(t, dir, line)
		}
	}
}

// hosting starts a host, which says in its first line where it listens, and ends it with the test.
func hosting(t *testing.T, dir, line string) (address string) {
	t.Helper()
	c := exec.Command("sh", "-c", "exec "+line)
	c.Dir = dir
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if address, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}
