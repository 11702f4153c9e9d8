package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/reports"
)

// commands gives the lines of the fenced sh blocks of a file in the module's root.
func commands(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.Split(strings.TrimSuffix(block[1], "\n"), "\n")...)
	}
	return list
}

func TestReadmesHaveTheSameCommands(t *testing.T) {
	if diff := cmp.Diff(commands(t, "README.md"), commands(t, "README.zh-CN.md")); diff != "" {
		t.Errorf("the READMEs differ (-English +Chinese):\n%s", diff)
	}
}

// The test command is what CI calls: a run of it from here would run this test again.
func TestReadmeTestCommandIsCI(t *testing.T) {
	if !slices.Contains(commands(t, "README.md"), "make test") {
		t.Error("the README does not say how to run the tests")
	}
	for name, want := range map[string]string{".ci/run": "make test", "Makefile": "test:"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(strings.Split(string(text), "\n"), func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("%s has no line that begins with %q", name, want)
		}
	}
}

// Every command of the README does what it says, in its order, in a folder with the module's data. A comment "# exit N" says
// how one ends that does not end well.
func TestReadmeCommands(t *testing.T) {
	dir := t.TempDir()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"features", "fixtures"} {
		if err := os.Symlink(filepath.Join(root, data), filepath.Join(dir, data)); err != nil {
			t.Fatal(err)
		}
	}
	const build = "go build -o tillproof ./cmd/tillproof"
	list := commands(t, "README.md")
	if !slices.Contains(list, build) {
		t.Fatalf("the README does not build the binary")
	}
	shell(t, root, strings.Replace(build, "-o tillproof", "-o "+filepath.Join(dir, "tillproof"), 1))
	door, slot, join := "127.0.0.1:8584", "127.0.0.1:35964", "nats://TOKEN@127.0.0.1:4222"
	for _, line := range list {
		switch {
		case line == "make test" || line == build:
		case strings.HasPrefix(line, "./tillproof serve"):
			door = background(t, dir, line+" --listen 127.0.0.1:0 --control 127.0.0.1:0", "control door http://", true)
		case strings.HasPrefix(line, "./tillproof record"):
			background(t, dir, strings.Replace(line, "127.0.0.1:8590", "127.0.0.1:0", 1), "recording ", true)
		case strings.HasPrefix(line, "./tillproof pay"):
			slot = background(t, dir, strings.Replace(line, slot, "127.0.0.1:0", 1), "waiting for a card at ", false)
		case strings.Contains(line, " --workers "):
			join = background(t, dir, strings.Replace(line, "127.0.0.1:4222", "127.0.0.1:0", 1)+" 2>&1", "tillproof worker --join ", false)
		case strings.HasPrefix(line, "./tillproof worker"):
			background(t, dir, strings.Replace(line, "nats://TOKEN@127.0.0.1:4222", join, 1)+" 2>&1", "joined as ", false)
		default:
			line = strings.Replace(line, "go run ./cmd/tillproof", "./tillproof", 1)
			shell(t, dir, strings.NewReplacer("127.0.0.1:8584", door, "127.0.0.1:35964", slot).Replace(line))
		}
	}
}

// shell runs a command line in a folder; it must end as its comment says.
func shell(t *testing.T, dir, line string) {
	t.Helper()
	want := 0
	if m := regexp.MustCompile(`# exit (\d+)`).FindStringSubmatch(line); m != nil {
		want, _ = strconv.Atoi(m[1]) // digits only
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	c.Dir = dir
	c.WaitDelay = time.Second // for what the shell leaves behind
	output, err := c.CombinedOutput()
	if got := code(err); got != want {
		t.Errorf("%s ended with %d, want %d:\n%s", line, got, want, output)
	}
}

// background starts a command that another one talks to, and gives the address that it tells behind some words. When the test ends
// it has ended well, by itself or told to stop.
func background(t *testing.T, dir, line, words string, stop bool) (address string) {
	t.Helper()
	c := exec.Command("sh", "-c", "exec "+line)
	c.Dir = dir
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	t.Cleanup(func() {
		if stop || t.Failed() {
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
		<-read
		busy := strings.Contains(line, " load ") // a machine that has other tests to run may cross the shipped threshold of time
		if got := code(c.Wait()); got != 0 && !(busy && got == reports.ExitThreshold) {
			t.Errorf("%s ended with %d", line, got)
		}
	})
	lines := bufio.NewScanner(out)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), words)
	}
	go func() { // a command whose log nobody reads stands still
		_, _ = io.Copy(io.Discard, out)
		close(read)
	}()
	if address == "" {
		t.Fatalf("%s does not tell its address", line)
	}
	return address
}
