package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports/browser"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// hostile is what somebody might smuggle into a report by a profile, a host's answer or a feature.
const hostile = `</noscript></script></style><script>document.title='owned'</script><img src=x onerror="document.title='owned'">{{.}}" onmouseover='x' javascript:alert(1) <!--`

// rich is the sample with a chip's sale, a receipt, pictures, and hostile text wherever text comes from outside.
func rich() *Run {
	r := sample()
	r.Profile, r.Dialect, r.Broken = hostile, hostile, ""
	r.Requirements[1].Title = hostile
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	s := &r.Features[0].Scenarios[0]
	s.Steps[2].Attachments = append(s.Steps[2].Attachments,
		Attachment{Name: hostile, MediaType: "text/html", Body: []byte(hostile)}, Attachment{Name: "evil", MediaType: "image/svg+xml", Body: []byte("<svg onload=alert(1)>")},
		Attachment{Name: "dot", MediaType: "image/gif", Body: []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")})
	sale := trace.NewFrame([]byte(strings.Repeat("0200", 30)), nil)
	events := []trace.Event{
		{Party: "T1", Kind: trace.Shown, Name: "SWIPE_CARD", Text: "10.00 CNY  Swipe the card"},
		{Party: "T1", Kind: trace.Noted, Name: trace.CardPresented, Text: "contact: answered"},
		{Party: "T1", Kind: trace.Noted, Name: trace.APDU, Text: "GENERATE AC ARQC: 9000 ok", Fields: []trace.Field{
			{ID: "> 95", Name: "terminal verification results", Value: "0000048000", Note: "online PIN entered; amount over the floor limit"}}},
		{Party: "T1", Kind: trace.Stored, Name: "till.pending"},
		{Party: "T1", Kind: trace.Sent, Peer: "acquirer", Name: "sale", Frame: sale, Fields: []trace.Field{
			{ID: "MTI", Name: "message type", Value: "0200", Note: "sale"}, {ID: "F4", Name: "amount", Value: "000000001000", Note: "10.00 CNY"},
			{ID: "F55", Name: "chip data", Value: "9505000004800057081111****1111****5a08620012******9010"}}},
		{Party: "acquirer", Kind: trace.Received, Peer: "T1", Name: "sale", Frame: sale},
		{Party: "acquirer", Kind: trace.Decided, Name: hostile, Text: hostile},
		{Party: "issuer", Kind: trace.Moved, Name: "post", Text: "post 10.00 CNY from card:Bob to interbank"},
		{Party: "line", Kind: trace.Injected, Peer: "T1", Name: "lose", Text: "the answer is lost"},
		{Party: "T1", Kind: trace.Trouble, Name: "no-bytes", Text: "no answer within 60s", Frame: trace.Opaque([]byte("?"))},
		{Party: "T1", Kind: trace.Printed, Name: "merchant", Text: "*** MERCHANT COPY ***\n面馆 " + hostile + "\nAmount: 10.00 CNY\n"},
		{Party: "T1", Kind: trace.Printed, Name: "customer", Text: "*** CUSTOMER COPY ***\n面馆 " + hostile + "\nAmount: 10.00 CNY\n"},
	}
	for i := range events {
		events[i].Seq, events[i].At = i+1, at.Add(time.Duration(i)*25*time.Millisecond)
	}
	s.Trace, s.Name = events, hostile
	return r
}

func TestReportGolden(t *testing.T) {
	golden(t, "rich.html", written(t, writeHTML, rich()))
}

func pageFile(t *testing.T, r *Run) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, written(t, writeHTML, r), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// The report opens from its file, in light and dark, on a desk and on a phone; it filters and finds, follows its links, and asks nobody
// for anything. What somebody smuggled into it stays text.
func TestReportInChromium(t *testing.T) {
	p := browser.Open(t, pageFile(t, rich()), true)
	p.Is("document.querySelectorAll('details.case').length", 8.0)
	p.Is("document.querySelectorAll('.case[open] noscript').length", 0.0)
	p.Is("document.querySelector('#state').textContent", "8 of 8 scenarios")
	tick := "document.querySelector('#filter input[value=passed]')"
	p.Is(tick+".click()", nil)
	p.Is("document.querySelector('#state').textContent", "7 of 8 scenarios")
	p.Is("document.querySelector('.case.passed').checkVisibility()", false)
	p.Is(tick+".click()", nil)
	find := func(text, want string) {
		t.Helper()
		p.Is("new Promise(told => { new MutationObserver(told).observe(document.querySelector('#state'), {childList: true}); const b = document.querySelector('#find'); b.value = '"+
			text+"'; b.dispatchEvent(new Event('input')) }).then(() => document.querySelector('#state').textContent)", want)
	}
	find("floor LIMIT", "1 of 8 scenarios") // bits of a TVR in a timeline that nobody has opened
	p.Is("document.querySelector('.case:not([hidden])').id", "s-swipe-sale-9")
	find("<script> 面馆", "1 of 8 scenarios")
	find("nobody wrote this", "0 of 8 scenarios")
	find("", "8 of 8 scenarios")
	p.Is("document.querySelector('#r-SWP-001 a').click(); new Promise(done => requestAnimationFrame(() => setTimeout(done))).then(() => location.hash)", "#s-swipe-sale-9")
	p.Is("document.querySelector('#s-swipe-sale-9').open && !document.querySelector('#s-swipe-sale-9 noscript')", true)
	p.Is("[...document.querySelectorAll('#s-swipe-sale-9 .time > li')].map(e => e.classList[0]).join(' ')",
		"terminal card card terminal wire host ledger wire wire terminal terminal")
	p.Is("document.querySelector('#s-swipe-sale-9 .wire pre').textContent.includes('online PIN entered; amount over the floor limit')", true)
	p.Is("document.querySelectorAll('#s-swipe-sale-9 pre.slip').length", 4.0) // three attachments, and one of two copies
	p.Is("document.querySelectorAll('img').length + ' ' + document.querySelector('img').naturalWidth", "1 1")
	p.Is("document.title", "1 passed, 3 skipped, 1 review, 2 failed, 1 broken · tillproof")
	p.Is("document.querySelectorAll('script').length", 1.0)
	p.Is("document.querySelectorAll('[onmouseover], [onerror], [onload]').length", 0.0)
	for scheme, back := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"} {
		p.Scheme(scheme)
		p.Size(1300, 1000)
		p.Is("getComputedStyle(document.body).backgroundColor", back)
		p.Shot("report-" + scheme)
		p.Size(390, 844)
		p.Is("document.documentElement.scrollWidth <= window.innerWidth", true)
		p.Shot("report-phone-" + scheme)
	}
	p.Quiet()
}

// Without JavaScript everything is there, the timelines too.
func TestReportWithoutScript(t *testing.T) {
	p := browser.Open(t, pageFile(t, rich()), false)
	p.Is("document.querySelectorAll('#s-swipe-sale-9 .time > li').length", 11.0)
	p.Is("document.querySelector('#filter').checkVisibility()", false)
	p.Is("document.querySelector('#s-swipe-sale-25').open && document.querySelector('#s-swipe-sale-25').textContent.includes('DECLINED_51')", true)
	p.Quiet()
}

func TestTimelineOfNothing(t *testing.T) {
	if lines := timeline(nil); lines != nil {
		t.Errorf("%v", lines)
	}
}
