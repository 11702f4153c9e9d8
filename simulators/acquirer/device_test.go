package acquirer_test

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// nibble gives what the header of an answer asks for.
func nibble(m *iso8583.Message) string { return m.Header()[5:6] }

// requesting makes a request of the till with something in F62.
func (w *world) requesting(f pay.Flow, parameters string) *iso8583.Message {
	m := w.request(f)
	m.Set(iso8583.Parameters, parameters)
	return m
}

// someKeys are n CA keys as they are downloaded.
func someKeys(n int) (sets [][]byte) {
	for i := range n {
		k := iso8583.CAPublicKey{RID: []byte{0xA0, 0, 0, 3, 0x33}, Index: byte(i), Expires: "20351231", Hash: 1, Algorithm: 1,
			Modulus: make([]byte, 64), Exponent: []byte{3}}
		k.Check = k.CheckValue()
		sets = append(sets, k.TLV())
	}
	return sets
}

// asked publishes two CA keys and gives what the next answer asks for.
func (w *world) asked() string {
	w.acquirer.Publish(acquirer.CAPKs, "", someKeys(2))
	return nibble(w.ask(w.request(pay.Echo)))
}

// fetchedKeys fetches what was published, and gives what the next answer asks for.
func (w *world) fetchedKeys() string {
	w.t.Helper()
	part, err := iso8583.ParseListPart(w.ask(w.requesting(pay.CAPKQuery, "100")).Get(iso8583.Parameters))
	w.must(err)
	for _, item := range part.Items {
		_, found, err := iso8583.ParseDownloaded(w.ask(w.requesting(pay.CAPKDownload, item.Name)).Get(iso8583.Parameters))
		if w.must(err); !found {
			w.t.Errorf("%X is listed and not there", item.Name)
		}
	}
	w.ask(w.request(pay.CAPKEnd))
	return nibble(w.ask(w.request(pay.Echo)))
}

func (w *world) toldStatus(status string) string {
	terminal(func(t *acquirer.Terminal) { t.AskStatus = true })(w, nil)
	if got := nibble(w.ask(w.request(pay.Echo))); got != "2" {
		w.t.Errorf("the answer asks for %s, want 2", got)
	}
	w.ask(w.requesting(pay.StatusUpload, status))
	return nibble(w.ask(w.request(pay.Echo)))
}

// A list goes out in parts of ten; what was published and what was fetched outlive a restart; an edition that is published in
// the middle of a download is asked for afterwards.
func TestDownloads(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.acquirer.Publish(acquirer.CAPKs, "", someKeys(12))
	w.open()
	answer := w.ask(w.requesting(pay.CAPKQuery, "100"))
	part, err := iso8583.ParseListPart(answer.Get(iso8583.Parameters))
	if w.must(err); !part.More || part.Count != 10 || nibble(answer) != "4" {
		t.Errorf("first part: %v, header asks for %s", part, nibble(answer))
	}
	part, err = iso8583.ParseListPart(w.ask(w.requesting(pay.CAPKQuery, "110")).Get(iso8583.Parameters))
	if w.must(err); part.More || part.Count != 12 || len(part.Items) != 2 || part.Items[1].Expires != "20351231" {
		t.Errorf("second part: %v", part)
	}
	for have, want := range map[string]string{"112": "000", "199": "000"} {
		if got := w.ask(w.requesting(pay.CAPKQuery, have)).Get(iso8583.Parameters); got != want {
			t.Errorf("query %s: %q, want %q", have, got, want)
		}
	}
	w.acquirer.Publish(acquirer.CAPKs, "", someKeys(1))
	if got := nibble(w.ask(w.request(pay.CAPKEnd))); got != "4" {
		t.Errorf("after the end of the older edition: %s, want 4", got)
	}
	if got := w.fetchedKeys(); got != "0" {
		t.Errorf("after the newer one: %s, want 0", got)
	}
	w.open()
	if got := nibble(w.ask(w.request(pay.Echo))); got != "0" {
		t.Errorf("after a restart: %s, want 0", got)
	}
}

func TestDownloadsRefused(t *testing.T) {
	w := newWorld(t, setting{})
	if got := code(w.ask(w.request(pay.ParameterDownload))); got != "77" {
		t.Errorf("before any sign-in: %q, want 77", got)
	}
	w.signIn()
	for name, c := range map[string]struct {
		m           *iso8583.Message
		code, value string
	}{
		"a key that there is not":    {w.requesting(pay.CAPKDownload, "\x9F\x06\x05\xA0\x00\x00\x03\x33\x9F\x22\x01\x77"), "00", "0"},
		"a query that is none":       {w.requesting(pay.AIDQuery, "1xx"), "30", ""},
		"a status that is none":      {w.requesting(pay.StatusUpload, "99"), "30", ""},
		"a list of nothing":          {w.requesting(pay.AIDQuery, "100"), "00", "000"},
		"parameters of nobody's own": {w.request(pay.ParameterDownload), "00", "1260133"},
	} {
		if answer := w.ask(c.m); code(answer) != c.code || answer.Get(iso8583.Parameters) != c.value {
			t.Errorf("%s: %q with %q, want %q with %q", name, code(answer), answer.Get(iso8583.Parameters), c.code, c.value)
		}
	}
}

// Applications are found by their AID; several kinds are asked for one after the other, and a sign-in before all of them.
func TestWhatIsAskedFirst(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	aid := tlv.Append(nil, iso8583.Tag9F06AID, []byte{0xA0, 0, 0, 3, 0x33, 1})
	for d, sets := range map[acquirer.Download][][]byte{acquirer.AIDs: {aid}, acquirer.Contactless: {[]byte("\xFF\x80\x3A\x01\x30")}, acquirer.CAPKs: someKeys(1)} {
		w.acquirer.Publish(d, "", sets)
	}
	w.acquirer.Publish(acquirer.Parameters, tillOne, [][]byte{[]byte("1245")})
	terminal(func(t *acquirer.Terminal) { t.SignInAgain, t.AskStatus = true, true })(w, nil)
	order := nibble(w.ask(w.request(pay.Echo)))
	w.signIn()
	for _, step := range []func(){
		func() { w.ask(w.request(pay.ParameterDownload)); w.ask(w.request(pay.ParameterEnd)) },
		func() { w.fetchedKeys() },
		func() {
			w.ask(w.requesting(pay.AIDQuery, "100"))
			if got := w.ask(w.requesting(pay.AIDDownload, string(aid))).Get(iso8583.Parameters); got != "1"+string(aid) {
				t.Errorf("application: %X", got)
			}
			w.ask(w.request(pay.AIDEnd))
		},
		func() { w.ask(w.request(pay.ContactlessDownload)); w.ask(w.request(pay.ContactlessEnd)) },
		func() { w.ask(w.requesting(pay.StatusUpload, "041")) },
	} {
		order += nibble(w.ask(w.request(pay.Echo)))
		step()
	}
	if order += nibble(w.ask(w.request(pay.Echo))); order != "3145920" {
		t.Errorf("asked for %s", order)
	}
	till, _ := w.acquirer.Terminal(tillOne)
	if fmt.Sprint(till.Status) != "map[04:1]" {
		t.Errorf("status %v", till.Status)
	}
}
