package terminal

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Request is what the host asks of the terminal in the header of an answer.
type Request string

// The requests that are no downloads.
const (
	RequestNone   Request = ""
	RequestSignIn Request = "sign-in"
	RequestStatus Request = "status"
)

// requests reads the processing request of a header, nibble 6 (DOMAIN.md A.1). What this terminal has no use for, 6 to 8 (TMS
// download, card blacklist, rates), is none.
func requests(nibble byte) Request {
	switch nibble {
	case '1':
		return Request(DownloadSettings)
	case '2':
		return RequestStatus
	case '3':
		return RequestSignIn
	case '4':
		return Request(DownloadCAPKs)
	case '5':
		return Request(DownloadAIDs)
	case '9':
		return Request(DownloadContactless)
	}
	return RequestNone
}

// downloads lists the kinds in the order in which they are fetched.
func downloads() []Download {
	return []Download{DownloadSettings, DownloadCAPKs, DownloadAIDs, DownloadContactless}
}

// downloadFlows are a kind's messages. A kind without a query is fetched whole.
type downloadFlows struct{ query, get, end pay.Flow }

func (d Download) flows() downloadFlows {
	switch d {
	case DownloadAIDs:
		return downloadFlows{pay.AIDQuery, pay.AIDDownload, pay.AIDEnd}
	case DownloadCAPKs:
		return downloadFlows{pay.CAPKQuery, pay.CAPKDownload, pay.CAPKEnd}
	case DownloadContactless:
		return downloadFlows{get: pay.ContactlessDownload, end: pay.ContactlessEnd}
	}
	return downloadFlows{get: pay.ParameterDownload, end: pay.ParameterEnd}
}

// fetching is a download under way. What it has brought so far does not count yet.
type fetching struct {
	download Download
	items    []string // to be fetched, by name
	listed   bool     // these are all
	sets     [][]byte // fetched, in the order of items
	taken    bool     // all of them count; the host has still to be told
}

func (f *fetching) whole() bool { return f.listed && len(f.sets) == len(f.items) }

// downloadErrand gives the next message of a download: query, one item after the other, end (DOMAIN.md A.8.1).
func (t *Terminal) downloadErrand(now time.Time, d Download, out *Actions) *errand {
	f := t.fetching
	if f == nil || f.download != d {
		t.write(out, &fetchLine{Download: d, Stage: fetchBegin, Listed: d.flows().query == ""})
		f = t.fetching
	}
	if f.whole() && !f.taken { // the power went just then
		if t.takeDownload(now, out); t.fetching == nil {
			return nil
		}
	}
	e := &errand{name: string(d), broken: t.downloadBroke}
	switch flows := d.flows(); {
	case f.taken:
		e.flow = flows.end
		e.request = func(func(iso8583.Element, string), *iso8583.Message) error { return nil }
		e.answer = t.endAnswered
	case !f.listed:
		e.flow = flows.query
		e.request = func(o func(iso8583.Element, string), _ *iso8583.Message) error {
			query, err := iso8583.ListQuery(len(f.items))
			o(iso8583.Parameters, query)
			return err
		}
		e.answer = t.listAnswered
	default:
		e.flow = flows.get
		e.request = func(o func(iso8583.Element, string), _ *iso8583.Message) error {
			o(iso8583.Parameters, f.items[len(f.sets)])
			return nil
		}
		e.answer = t.itemAnswered
	}
	return e
}

// listAnswered takes a part of the list.
func (t *Terminal) listAnswered(now time.Time, _ iso8583.AnswerRule, m *iso8583.Message, out *Actions) bool {
	f := t.fetching
	part, err := iso8583.ParseListPart(m.Get(iso8583.Parameters))
	if err == nil && (part.More && len(part.Items) == 0 || len(part.Items) > 0 && part.Count != len(f.items)+len(part.Items)) {
		err = fmt.Errorf("list: %d items so far, and %d came", part.Count, len(f.items)+len(part.Items))
	}
	if err != nil {
		t.spurn(now, err, out)
		return false
	}
	l := &fetchLine{Download: f.download, Stage: fetchList}
	for _, item := range part.Items {
		l.Items = append(l.Items, []byte(item.Name))
	}
	t.consult("terminal/list-parts")
	l.Listed = !part.More || !t.Rules.ReadAllParts
	t.write(out, l)
	if f.whole() {
		t.takeDownload(now, out)
	}
	return true
}

// itemAnswered takes what was downloaded, if it is what was asked for and as it must be.
func (t *Terminal) itemAnswered(now time.Time, _ iso8583.AnswerRule, m *iso8583.Message, out *Actions) bool {
	f := t.fetching
	set, err := []byte(m.Get(iso8583.Parameters)), error(nil)
	if f.download.flows().query != "" {
		var found bool
		if set, found, err = iso8583.ParseDownloaded(m.Get(iso8583.Parameters)); err == nil && !found {
			err = fmt.Errorf("what the list names is not there")
		}
	}
	if err == nil {
		err = t.fits(f, set)
	}
	if err != nil {
		t.spurn(now, err, out)
		return false
	}
	t.write(out, &fetchLine{Download: f.download, Stage: fetchItem, Set: set})
	if f.whole() {
		t.takeDownload(now, out)
	}
	return true
}

// fits checks one downloaded set: its form, its name, and of a key the check value.
func (t *Terminal) fits(f *fetching, set []byte) error {
	one, err := Parameters{}.replaced(f.download, [][]byte{set}, func(iso8583.CAPublicKey) bool { return false })
	if err != nil {
		return err
	}
	var name string
	switch {
	case len(one.AIDs) == 1:
		name = one.AIDs[0].Item().Name
	case len(one.CAPKs) == 1:
		name = one.CAPKs[0].Item().Name
		t.consult("terminal/capk-check")
		if t.Rules.CheckCAPK && !one.CAPKs[0].Genuine() {
			return fmt.Errorf("the check value of CA key %X %02X does not fit", one.CAPKs[0].RID, one.CAPKs[0].Index)
		}
	default:
		return nil
	}
	if name != f.items[len(f.sets)] {
		return fmt.Errorf("another item came than was asked for")
	}
	return nil
}

// spurn drops a download that brought something wrong. What the terminal has stays; the host will ask again.
func (t *Terminal) spurn(now time.Time, err error, out *Actions) {
	d := t.fetching.download
	t.Trace.Record(trace.Event{At: now, Party: t.Name, Kind: trace.Trouble, Name: "download", Text: err.Error()})
	t.write(out, &fetchLine{Download: d, Stage: fetchDrop}, &dueLine{Request: Request(d), Done: true})
	out.show("DOWNLOAD_REFUSED")
}

// takeDownload puts what was fetched to use, as a whole and in one stroke.
func (t *Terminal) takeDownload(now time.Time, out *Actions) {
	f := t.fetching
	t.write(out, &fetchLine{Download: f.download, Stage: fetchTaken, At: now})
	out.show("DOWNLOADED")
	t.consult("terminal/withdrawn-keys")
	t.consult("terminal/download-end")
	if !t.Rules.TellEnd {
		t.write(out, &fetchLine{Download: f.download, Stage: fetchDrop}, &dueLine{Request: Request(f.download), Done: true})
	}
}

// endAnswered: the host knows it. Other software runs after a restart only.
func (t *Terminal) endAnswered(_ time.Time, _ iso8583.AnswerRule, _ *iso8583.Message, out *Actions) bool {
	d := t.fetching.download
	t.write(out, &fetchLine{Download: d, Stage: fetchDrop}, &dueLine{Request: Request(d), Done: true})
	t.restartDue = d == DownloadSettings && t.outdated()
	return true
}

// downloadBroke keeps what has come for the next try, and what the terminal had in use.
func (t *Terminal) downloadBroke(out *Actions) {
	f := t.fetching
	if f == nil || f.taken {
		return
	}
	t.consult("terminal/whole-sets")
	t.consult("terminal/resume-download")
	switch {
	case !t.Rules.WholeSets && len(f.sets) > 0:
		t.write(out, &fetchLine{Download: f.download, Stage: fetchTaken})
	case !t.Rules.ResumeDownload:
		t.write(out, &fetchLine{Download: f.download, Stage: fetchDrop})
	}
	out.show("DOWNLOAD_INTERRUPTED")
}

// readHeader notes the processing request of an answer's header. A download that is under way is not asked for anew.
func (t *Terminal) readHeader(now time.Time, m *iso8583.Message, out *Actions) {
	h := m.Header()
	if len(h) != 12 || t.exchange.flow == pay.SignIn && h[5] == '3' {
		return
	}
	t.consult("terminal/processing-request")
	switch r := t.Rules.Requests(h[5]); {
	case r == RequestNone && h[5] != '0':
		t.decide(now, "terminal/processing-request", "the host's request "+h[5:6]+" is not for this terminal")
	case r == RequestNone:
	case r == RequestSignIn && !t.again:
		t.decide(now, "terminal/processing-request", "the host wants a sign-in before the next trade")
		t.write(out, &againLine{})
	case r == RequestStatus && !t.statusDue && t.exchange.flow != pay.StatusUpload, r != RequestSignIn && r != RequestStatus && !t.due[Download(r)]:
		t.decide(now, "terminal/processing-request", "the host wants before the next trade: "+string(r))
		t.write(out, &dueLine{Request: r})
	}
}

// The stages of a download in the journal.
const (
	fetchBegin = "begin"
	fetchList  = "list"
	fetchItem  = "item"
	fetchTaken = "taken" // what was fetched replaces what was in use
	fetchDrop  = "drop"  // the download is over, or given up
)

// dueLine: the host asked for something in a header, or has it.
type dueLine struct {
	Request Request `json:"request"`
	Done    bool    `json:"done,omitempty"`
}

// fetchLine: a step of a download.
type fetchLine struct {
	Download Download  `json:"download"`
	Stage    string    `json:"stage"`
	Items    [][]byte  `json:"items,omitempty"`
	Listed   bool      `json:"listed,omitempty"`
	Set      []byte    `json:"set,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

func (*dueLine) kind() string   { return "till.due" }
func (*fetchLine) kind() string { return "till.fetch" }

func (l *dueLine) apply(t *Terminal) {
	if l.Request == RequestStatus {
		t.statusDue = !l.Done
		return
	}
	t.due[Download(l.Request)] = !l.Done
}

func (l *fetchLine) apply(t *Terminal) {
	if l.Stage == fetchBegin {
		t.fetching = &fetching{download: l.Download, listed: l.Listed}
		if l.Listed {
			t.fetching.items = []string{""} // the one whole
		}
		return
	}
	f := t.fetching
	if f == nil {
		return
	}
	switch l.Stage {
	case fetchList:
		f.listed = l.Listed
		for _, item := range l.Items {
			f.items = append(f.items, string(item))
		}
	case fetchItem:
		f.sets = append(f.sets, l.Set)
	case fetchTaken:
		f.taken = true
		p, err := t.parameters.replaced(f.download, f.sets, func(k iso8583.CAPublicKey) bool { return !t.Rules.TakeExpired && k.Expired(l.At) })
		if t.Rules.KeepWithdrawn && f.download == DownloadCAPKs {
			p.CAPKs = append(slices.Clone(t.parameters.CAPKs), p.CAPKs...)
		}
		if err == nil { // each set was parsed when it came
			t.parameters = p
		}
	case fetchDrop:
		t.fetching = nil
	}
}
