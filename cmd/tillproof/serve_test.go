package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The server tells where it listens, gives worlds to a run in another process, logs what is decided without a card number, and
// ends with 0 when it is told to stop.
func TestServeUntilToldToStop(t *testing.T) {
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			c := tillproof(t, "serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--wallets", "127.0.0.1:0", "--store", "books")
			stdout, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			door, wallets := "", ""
			for door == "" || wallets == "" {
				line, err := out.ReadString('\n')
				if err != nil {
					t.Fatalf("the server tells no door: %v", err)
				}
				if found := regexp.MustCompile(`^control door http://(.*)\n$`).FindStringSubmatch(line); found != nil {
					door = found[1]
				}
				if found := regexp.MustCompile(`^wallets (http://.*)/wechat/v1/`).FindStringSubmatch(line); found != nil {
					wallets = found[1]
				}
			}
			if unsigned, err := http.Post(wallets+"/wechat/v1/pay", "application/json", strings.NewReader("{}")); err != nil || unsigned.StatusCode != http.StatusOK {
				t.Errorf("the wallets: %v, %v", unsigned, err)
			}
			if text, err := tillproof(t, "run", "--control", door, "--out", "report", "--tags", "@SWP-001").CombinedOutput(); code(err) != 0 {
				t.Errorf("a run against it: %v\n%s", err, text)
			}
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			log, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			if got := code(c.Wait()); got != 0 {
				t.Errorf("it ends with %d", got)
			}
			if !strings.Contains(string(log), "acquirer: 00 sign-in") || !strings.HasSuffix(string(log), "stopped\n") {
				t.Errorf("the log lacks a sign-in or its end:\n%s", log)
			}
			if found := regexp.MustCompile(`62001200\d{8}`).Find(log); found != nil {
				t.Error("the log tells a card number")
			}
		})
	}
}
