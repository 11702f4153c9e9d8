package rig_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// visitor knocks at a control door.
type visitor struct {
	t      testing.TB
	base   string
	client *http.Client
}

func visiting(t testing.TB, control string) *visitor {
	v := &visitor{t: t, base: "http://" + control, client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

// call sends text as JSON and reads the answer into out.
func (v *visitor) call(method, path, text string, out any) (status int, answer string) {
	v.t.Helper()
	return v.send(method, path, "application/json", text, out)
}

func (v *visitor) send(method, path, kind, text string, out any) (status int, answer string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(text))
	must(v.t, err)
	req.Header.Set("Content-Type", kind)
	res, err := v.client.Do(req)
	must(v.t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	must(v.t, err)
	if out != nil {
		must(v.t, json.Unmarshal(got, out))
	}
	return res.StatusCode, string(got)
}

func (v *visitor) state(world string) (s rig.State) {
	v.t.Helper()
	if status, answer := v.call("GET", "/worlds/"+world+"/state", "", &s); status != http.StatusOK {
		v.t.Fatal(answer)
	}
	return s
}

// serveHere starts a server in this process.
func serveHere(t testing.TB, o rig.ServeOptions) *rig.Server {
	t.Helper()
	r, err := rig.New(rig.Options{Line: rig.LineSocket})
	must(t, err)
	o.Rig = r
	s, err := rig.Serve(context.Background(), o)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

// The whole suite takes its worlds at the door, through a proxy that holds every request and answer to openapi.yaml; then come
// the endpoints that the suite has no use for, and all the ways to be refused.
func TestDoorIsAsOpenAPISays(t *testing.T) {
	law := readContract(t)
	_, control := serveHere(t, rig.ServeOptions{Worlds: 40}).Addresses()
	control = law.before(t, control)

	r, err := rig.New(rig.Options{Line: rig.LineSocket, Control: control})
	must(t, err)
	run, err := steps.Run(context.Background(), steps.Config{Rig: r, Builtin: features.FS, Tags: "not @clock", Seed: 3, Now: time.Now})
	must(t, err)
	if code := run.ExitCode(); code != reports.ExitHeld {
		t.Errorf("the suite ends with code %d", code)
	}

	v := visiting(t, control)
	v.call("GET", "/health", "", nil)
	v.call("GET", "/defects", "", nil)
	v.send("GET", "/openapi.yaml", "", "", nil)
	if _, text := v.send("GET", "/metrics", "", "", nil); !strings.Contains(text, `tillproof_host_connections{world="standing"} `) {
		t.Errorf("the metrics:\n%s", text)
	}
	v.call("GET", "/worlds", "", nil)
	for _, c := range refusals() {
		t.Run(c.name, func(t *testing.T) {
			status, answer := v.send(c.method, c.path, c.kind, c.body, nil)
			if status != c.status || !strings.Contains(answer, c.words) {
				t.Errorf("status %d, want %d with %q: %s", status, c.status, c.words, answer)
			}
			if strings.Contains(answer, secretDigits) {
				t.Errorf("the answer tells a secret: %s", answer)
			}
		})
	}
	for range 39 {
		v.call("POST", "/worlds", `{"seed": 1}`, nil)
	}
	if status, answer := v.call("POST", "/worlds", `{"seed": 1}`, nil); status != http.StatusTooManyRequests {
		t.Errorf("the fortieth world beside the standing one: %d %s", status, answer)
	}

	law.mu.Lock()
	defer law.mu.Unlock()
	for _, breach := range law.breaches {
		t.Error(breach)
	}
	for path, item := range law.paths() {
		for method, operation := range item.(map[string]any) {
			for status := range operation.(map[string]any)["responses"].(map[string]any) {
				if key := strings.ToUpper(method) + " " + path + " " + status; !law.seen[key] {
					t.Errorf("nothing here shows %s", key)
				}
			}
		}
	}
}

const secretDigits = "0123456789ABCDEF0123456789ABCDEF"

type refusal struct {
	name, method, path, kind, body string
	status                         int
	words                          string
}

func refusals() []refusal {
	const j = "application/json"
	large := `{"merchants": [{"number": "` + strings.Repeat("1", 2<<20) + `"}]}`
	list := []refusal{
		{"no such defect", "POST", "/worlds", j, `{"defects": ["acquirer-is-too-good"]}`, 422, "there is no such defect"},
		{"a till's defect", "POST", "/worlds", j, `{"defects": ["terminal-keeps-own-batch"]}`, 422, "no tills here"},
		{"close the standing world", "DELETE", "/worlds/standing", j, "", 409, "stays"},
		{"close no world", "DELETE", "/worlds/none", j, "", 404, "no such world"},
		{"look into no world", "GET", "/worlds/none/state", j, "", 404, "no such world"},
		{"TLS for no world", "POST", "/worlds/none/tls", j, "", 404, "no such world"},
		{"a name that may be a key", "POST", "/worlds/standing/seeds", j, `{"` + secretDigits + `": 1}`, 400, "no field of one of these names"},
		{"a number where a text belongs", "POST", "/worlds/standing/seeds", j, `{"cards": [{"pan": 6200120018438862}]}`, 400, "field cards.pan is of another type"},
		{"a key where a list belongs", "POST", "/worlds/standing/seeds", j, `{"terminals": [{"tmk": "` + secretDigits + `"}]}`, 400, "field terminals.tmk"},
		{"a key that is no hex", "POST", "/worlds/standing/seeds", j,
			`{"terminals": [{"number": "10000001", "merchant": "898320548160001", "tmk": ["X` + secretDigits + `"]}]}`, 422, "component 1 of its master key is not hex"},
		{"a key of another length", "POST", "/worlds/standing/seeds", j,
			`{"terminals": [{"number": "10000001", "merchant": "898320548160001", "tmk": ["` + secretDigits + `00"]}]}`, 422, "want 16 bytes"},
		{"an amount that is none", "POST", "/worlds/standing/seeds", j, `{"cards": [{"balance": "` + secretDigits + `"}]}`, 400, "cannot be read"},
		{"a terminal of nobody", "POST", "/worlds/standing/seeds", j, `{"terminals": [{"number": "10000077", "merchant": "1"}]}`, 422, "add it first"},
		{"no such condition", "POST", "/worlds/standing/arrangements", j, `{"party": "acquirer", "condition": "tired"}`, 422, "there is no condition"},
		{"no such party", "POST", "/worlds/standing/arrangements", j, `{"party": "cashier"}`, 422, "there is no party"},
		{"no such status", "POST", "/worlds/standing/arrangements", j, `{"party": "acquirer", "terminal": "10000001", "status": "asleep"}`, 422, "there is no status"},
		{"no such card", "POST", "/worlds/standing/arrangements", j, `{"party": "issuer", "card": "Zoe", "status": "lost"}`, 422, "add it first"},
		{"a shop without a number", "POST", "/worlds/standing/wallets", j, `{"merchants": [{"number": "", "name": "x"}]}`, 422, "want a number and a name"},
		{"a merchant without a number", "POST", "/worlds/standing/office", j, `{"merchants": [{"number": "", "name": "x"}]}`, 422, "has a number and a name"},
		{"a code for nobody's phone", "POST", "/worlds/standing/payer-codes", j, `{"card": "Zoe"}`, 422, "has no wallet"},
	}
	for _, path := range []string{"/worlds", "/worlds/standing/seeds", "/worlds/standing/arrangements", "/worlds/standing/payer-codes", "/worlds/standing/wallets", "/worlds/standing/office"} {
		list = append(list,
			refusal{"unknown field " + path, "POST", path, j, `{"sead": 1}`, 400, "there is no field sead"},
			refusal{"no JSON " + path, "POST", path, j, `{seed}`, 400, "it is no JSON"},
			refusal{"nothing " + path, "POST", path, j, ``, 400, "it is empty"},
			refusal{"two values " + path, "POST", path, j, `{} {}`, 400, "behind the JSON value"},
			refusal{"too much " + path, "POST", path, j, large, 413, "more than 1048576 bytes"},
			refusal{"a form " + path, "POST", path, "application/x-www-form-urlencoded", `seed=1`, 415, "application/json"})
		if path != "/worlds" {
			none := strings.Replace(path, "standing", "none", 1)
			list = append(list, refusal{"no world " + path, "POST", none, j, `{}`, 404, "no such world"})
		}
	}
	return list
}

// Somebody with nothing but HTTP and a till: makes a world with a defect, seeds it, sells, and reads balances and history.
func TestDoorAlone(t *testing.T) {
	_, control := serveHere(t, rig.ServeOptions{Seed: 5}).Addresses()
	r, err := rig.New(rig.Options{Line: rig.LineSocket, Control: control, Defects: []string{"issuer-ignores-funds"}})
	must(t, err)
	w, err := r.World(t.Context(), 5, "")
	must(t, err)
	defer w.Close()
	must(t, w.CardHolds("Bob", pay.CNY(5_00)))
	till, err := w.Till("T1")
	must(t, err)
	must(t, till.SignIn())
	must(t, till.Swipe("Bob", pay.CNY(20_00), rig.PINRight))

	v := visiting(t, control)
	var worlds []rig.WorldMade
	v.call("GET", "/worlds", "", &worlds)
	if len(worlds) != 2 || worlds[0].ID != "1" || worlds[1].ID != rig.StandingWorld {
		t.Fatalf("worlds: %+v", worlds)
	}
	s := v.state("1")
	if got := s.Balances["card:Bob"].Balance; got != pay.CNY(-15_00) {
		t.Errorf("an issuer that ignores funds leaves Bob %s", got)
	}
	var history []string
	for _, e := range s.Events {
		if e.Kind == trace.Decided {
			history = append(history, e.Party+" "+e.Name)
		}
	}
	if got := strings.Join(history, ", "); got != "acquirer sign-in, issuer approve, acquirer issuer" {
		t.Errorf("history: %s", got)
	}
	all, err := json.Marshal(s)
	must(t, err)
	bob, err := r.Cast.Cardholder("Bob")
	must(t, err)
	if bytes.Contains(all, []byte(bob.PAN)) {
		t.Error("the state holds Bob's card number")
	}
	if standing := v.state(rig.StandingWorld); standing.Balances["card:Bob"].Balance != bob.Balance {
		t.Errorf("what happens in one world shows in another: Bob has %s", standing.Balances["card:Bob"].Balance)
	}
}

// What may not be listened on, and what cannot be served, is told before anything starts.
func TestServeRefuses(t *testing.T) {
	file := t.TempDir() + "/file"
	for _, c := range []struct {
		name    string
		options rig.ServeOptions
		defects []string
		want    string
	}{
		{"door for everybody", rig.ServeOptions{Control: "0.0.0.0:0"}, nil, "control door \"0.0.0.0:0\": want host:port on loopback"},
		{"door on all interfaces", rig.ServeOptions{Control: ":8584"}, nil, "want host:port on loopback"},
		{"door without port", rig.ServeOptions{Control: "127.0.0.1"}, nil, "want host:port on loopback"},
		{"line for everybody", rig.ServeOptions{Listen: "0.0.0.0:0"}, nil, "only if the profile says `remote: true`"},
		{"a till's defect", rig.ServeOptions{}, []string{"terminal-keeps-own-batch"}, "is a till's"},
		{"store of another kind", rig.ServeOptions{Store: "mysql://host/db"}, nil, "want a directory"},
		{"store in a file", rig.ServeOptions{Store: file + "/store"}, nil, "store: mkdir"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "store in a file" {
				must(t, writeFile(file, "x"))
			}
			r, err := rig.New(rig.Options{Line: rig.LineSocket, Defects: c.defects})
			must(t, err)
			c.options.Rig = r
			s, err := rig.Serve(t.Context(), c.options)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
