package rig_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports/browser"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

func prompt(kind rig.PromptKind) rig.Prompt {
	return rig.Prompt{Scenario: "A sale (swipe-sale-8)", Kind: kind, Step: "shows", Text: `"T1" shows APPROVED`, Table: [][]string{{"line", "value"}}, Till: "T1", Terminal: "10000001"}
}

func TestConsole(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  rig.Reply
	}{
		{"y\n", rig.Reply{Answer: rig.Yes}},
		{"what?\n\nNO it shows DECLINED\n", rig.Reply{Answer: rig.No, Text: "it shows DECLINED"}},
		{"s\n", rig.Reply{Answer: rig.CannotTell}},
	} {
		var told strings.Builder
		p := &rig.Console{In: strings.NewReader(c.typed), Out: &told}
		got, err := p.Ask(t.Context(), prompt(rig.PromptLook))
		if err != nil || got != c.want {
			t.Errorf("%q: got %v, %v", c.typed, got, err)
		}
		if !strings.Contains(told.String(), "A sale (swipe-sale-8)\n  \"T1\" shows APPROVED\n    | line | value |\n  Is it so?") {
			t.Errorf("it told %q", told.String())
		}
		if _, err := p.Ask(t.Context(), prompt(rig.PromptAct)); err == nil || !strings.Contains(err.Error(), "nobody is at the keyboard") {
			t.Errorf("%q: with nobody there: %v", c.typed, err)
		}
	}
}

// A person at the page in Chromium, on a desk or a phone, sees what is to be done, tells what he sees, and is shown the next without touching anything.
func TestPromptPageInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	page, err := rig.OpenPage("127.0.0.1:0")
	must(t, err)
	defer page.Close()
	if page.Name = "Li Wei"; page.Judge() != "person Li Wei" {
		t.Errorf("the judge is %q", page.Judge())
	}
	p := browser.Visit(t, page.Address())
	p.Is("document.body.innerText.trim()", "Nothing is to be done now.")
	ask := func(kind rig.PromptKind) <-chan rig.Reply {
		told := make(chan rig.Reply, 1)
		go func() {
			reply, err := page.Ask(t.Context(), prompt(kind))
			if err != nil {
				t.Error(err)
			}
			told <- reply
		}()
		p.Comes(`document.querySelector('h1')?.textContent === '"T1" shows APPROVED'`)
		return told
	}
	reply := ask(rig.PromptLook)
	for scheme, words := range map[string]string{"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"} {
		p.Scheme(scheme)
		p.Size(390, 844)
		p.Is("getComputedStyle(document.body).color", words)
		p.Is("document.documentElement.scrollWidth <= window.innerWidth", true)
		p.Shot("prompt-phone-" + scheme)
	}
	p.Is("[...document.querySelectorAll('button')].map(b => b.textContent).join()", "It is so,It is not so,I cannot tell")
	p.Type("input[name=text]", "DECLINED 6200120018438862")
	p.Click("button[value=no]")
	if got := <-reply; got != (rig.Reply{Answer: rig.No, Text: "DECLINED ****************"}) {
		t.Errorf("it was told %v", got)
	}
	p.Comes("document.body.innerText.includes('Nothing is to be done now.')")
	reply = ask(rig.PromptAct)
	p.Is("document.querySelector('button').textContent", "Done")
	p.Click("button[value=yes]")
	if got := <-reply; got != (rig.Reply{Answer: rig.Yes}) {
		t.Errorf("it was told %v", got)
	}
	p.Quiet()
}

func TestScript(t *testing.T) {
	for _, c := range []struct {
		name, program string
		want          rig.Reply
		fault         string
	}{
		{"done", `grep -q '"text":"\\"T1\\" shows APPROVED"' && exit 0; exit 3`, rig.Reply{Answer: rig.Yes}, ""},
		{"not so, and a secret", "echo declined 6200120018438862; exit 1", rig.Reply{Answer: rig.No, Text: "declined ****************"}, ""},
		{"cannot tell", "exit 77", rig.Reply{Answer: rig.CannotTell}, ""},
		{"broken", "exit 3", rig.Reply{}, "sh: exit status 3: want it to end with 0, 1 or 77"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := (&rig.Script{Command: []string{"sh", "-c", c.program}}).Ask(t.Context(), prompt(rig.PromptLook))
			if c.fault != "" && (err == nil || err.Error() != c.fault) || c.fault == "" && (err != nil || got != c.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestRobot(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		want   rig.Reply
		fault  string
	}{
		{"done", 200, `{"answer":"yes"}`, rig.Reply{Answer: rig.Yes}, ""},
		{"a secret", 200, `{"answer":"no","text":"track 6200120018438862D3012"}`, rig.Reply{Answer: rig.No, Text: "track *********************"}, ""},
		{"unknown answer", 200, `{"answer":"maybe"}`, rig.Reply{}, "its answer is not understood"},
		{"fault", 500, "the arm is stuck", rig.Reply{}, "it answers 500 Internal Server Error: the arm is stuck"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var p rig.Prompt
				if err := json.NewDecoder(r.Body).Decode(&p); err != nil || p.Step != "shows" || p.Kind != rig.PromptLook {
					t.Errorf("it was sent %+v, %v", p, err)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer s.Close()
			got, err := (&rig.Robot{URL: s.URL, Client: *s.Client()}).Ask(t.Context(), prompt(rig.PromptLook))
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) || c.fault == "" && (err != nil || got != c.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// A person reads the page and presses a button, without any script in the browser; an answer to an old prompt counts for nothing.
func TestPage(t *testing.T) {
	p, err := rig.OpenPage("127.0.0.1:0")
	must(t, err)
	defer p.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	look := func() string {
		t.Helper()
		res, err := client.Get("http://" + p.Address() + "/")
		must(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		must(t, err)
		return string(text)
	}
	press := func(number, answer, origin string) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, "http://"+p.Address()+"/", strings.NewReader(url.Values{"number": {number}, "answer": {answer}, "text": {"green"}}.Encode()))
		must(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		res, err := client.Do(req)
		must(t, err)
		_ = res.Body.Close()
		return res.StatusCode
	}
	if text := look(); !strings.Contains(text, "Nothing is to be done now") || strings.Contains(text, "<script") {
		t.Errorf("the page says %s", text)
	}
	type result struct {
		reply rig.Reply
		err   error
	}
	asked := make(chan result, 1)
	go func() {
		reply, err := p.Ask(t.Context(), prompt(rig.PromptLook))
		asked <- result{reply, err}
	}()
	for n := 0; !strings.Contains(look(), "&#34;T1&#34; shows APPROVED"); n++ {
		if n == 1000 {
			t.Fatal("the prompt does not come")
		}
	}
	press("0", "no", "")
	if code := press("1", "no", "http://elsewhere.test"); code != http.StatusForbidden {
		t.Errorf("another page's answer is taken: %d", code)
	}
	press("1", "yes", "http://"+p.Address())
	if got := <-asked; got.err != nil || got.reply != (rig.Reply{Answer: rig.Yes, Text: "green"}) {
		t.Errorf("got %v", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Ask(ended, prompt(rig.PromptAct)); err == nil {
		t.Error("an interrupted prompt was answered")
	}
}

// A terminal that no scenario waits for, and what is no message, are hung up on, and told; over TLS too.
func TestOutsideTellsWhoIsNotWaitedFor(t *testing.T) {
	p, err := rig.LoadProfile(shippedWith(t, "loopback-terminal", "127.0.0.1:8583 ", "127.0.0.1:0 "))
	must(t, err)
	told := make(chan string, 2)
	o, err := rig.OpenOutside(p, &rig.Console{}, func(s string) { told <- s })
	must(t, err)
	defer o.Close()
	for _, c := range []struct{ name, say, want string }{
		{"another terminal", string(saleBytes(t)), `terminal "12345678" calls, and no scenario waits for it: hung up`},
		{"no message", "GET / HTTP/1.1\r\n\r\n", "is not understood: "},
	} {
		line, err := wire.Dial(t.Context(), wire.Address{Addr: o.Address()})
		must(t, err)
		_, err = line.Write([]byte(c.say))
		must(t, err)
		if got := <-told; !strings.Contains(got, c.want) {
			t.Errorf("%s: it told %q", c.name, got)
		}
		must(t, line.SetReadDeadline(time.Now().Add(10*time.Second)))
		if _, err := line.Read(make([]byte, 1)); wire.FaultOf(err) == wire.Timeout || err == nil {
			t.Errorf("%s: the line is open: %v", c.name, err)
		}
		_ = line.Close()
	}
}

func TestTerminalProfileMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, other, want string }{
		{"nobody there", "  robot: http://127.0.0.1:8601/", "  console: false", "prompt: want one of console, web, script and robot, not 0"},
		{"two there", "  robot:", "  console: true\n  robot:", "prompt: want one of console, web, script and robot, not 2"},
		{"no URL", "http://127.0.0.1:8601/", "nowhere", "prompt.robot: want a URL, http://host:port/path"},
		{"elsewhere", "http://127.0.0.1:8601/", "http://192.0.2.1:80/", "prompt.robot: it is not this machine: say `remote: true`"},
		{"page for all", "robot: http://127.0.0.1:8601/", "web: 0.0.0.0:80", `prompt.web: "0.0.0.0:80": want host:port on loopback`},
		{"open to all", "address: 127.0.0.1:8583", "address: 0.0.0.0:8583", "address: 0.0.0.0:8583 is not this machine"},
		{"TLS without certificate", "seat: terminal", "seat: terminal\ntls: {}", "tls: our acquirer needs certificate and key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := rig.LoadProfile(shippedWith(t, "loopback-terminal", c.old, c.other)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

// With TLS our acquirer shows its certificate, and wants one of each terminal where the profile names who signs them.
func TestOutsideOverTLS(t *testing.T) {
	server, client := ownCertificate(t)
	file := shippedWith(t, "loopback-terminal", "address: 127.0.0.1:8583 ", "tls: {certificate: host.pem, key: host.key, ca: host.pem}\naddress: 127.0.0.1:0 ")
	key, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	must(t, err)
	for name, block := range map[string]*pem.Block{"host.pem": {Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]}, "host.key": {Type: "PRIVATE KEY", Bytes: key}} {
		must(t, writeFile(filepath.Join(filepath.Dir(file), name), string(pem.EncodeToMemory(block))))
	}
	p, err := rig.LoadProfile(file)
	must(t, err)
	told := make(chan string, 1)
	o, err := rig.OpenOutside(p, &rig.Console{}, func(s string) { told <- s })
	must(t, err)
	defer o.Close()
	known := client.Clone()
	known.Certificates = server.Certificates
	line, err := wire.Dial(t.Context(), wire.Address{Addr: o.Address(), TLS: known})
	must(t, err)
	defer line.Close()
	_, err = line.Write(saleBytes(t))
	must(t, err)
	if got := <-told; !strings.Contains(got, "no scenario waits for it") {
		t.Errorf("it told %q", got)
	}
	stranger, err := wire.Dial(t.Context(), wire.Address{Addr: o.Address(), TLS: client})
	if err == nil { // in TLS 1.3 it hears of it when it reads
		defer stranger.Close()
		must(t, stranger.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err = stranger.Read(make([]byte, 1))
	}
	if wire.FaultOf(err) != wire.TLSRejected {
		t.Errorf("a terminal without a certificate: %v", err)
	}
}
