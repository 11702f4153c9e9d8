package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// DeviceRules are those about what a terminal fetches from its host and tells of itself.
type DeviceRules struct {
	Requests       func(nibble byte) Request                  // terminal/processing-request: what nibble 6 of an answer's header asks for
	DownloadFirst  bool                                       // terminal/download-first: what the host wants fetched is fetched before the next trade
	UseSettings    bool                                       // terminal/settings: fetched parameters are worked with
	Restart        bool                                       // terminal/restart: fetched software is started
	ReadAllParts   bool                                       // terminal/list-parts: a list is read to its last part
	CheckCAPK      bool                                       // terminal/capk-check: a CA key whose check value does not fit is refused
	TakeExpired    bool                                       // terminal/capk-expiry: an expired CA key is kept
	KeepWithdrawn  bool                                       // terminal/withdrawn-keys: CA keys that the host no longer has stay in use
	WholeSets      bool                                       // terminal/whole-sets: a download that is not whole does not count
	ResumeDownload bool                                       // terminal/resume-download: what has come is not fetched again
	TellEnd        bool                                       // terminal/download-end: the host is told of a whole download
	Devices        func(*Terminal) iso8583.TerminalParameters // terminal/devices: what a status upload says
}

func deviceRules() DeviceRules {
	return DeviceRules{Requests: requests, DownloadFirst: true, UseSettings: true, Restart: true, ReadAllParts: true, CheckCAPK: true, WholeSets: true,
		ResumeDownload: true, TellEnd: true, Devices: devices}
}

// errand is something that the terminal does by itself before an order that the host clears, message by message: it fetches what
// the host wants it to have, tells how its devices are. What comes of it never ends the order. An errand that fails is tried
// again before the next order.
type errand struct {
	name    string // of an errand that failed, so that it is tried once for each order
	flow    pay.Flow
	request func(o func(iso8583.Element, string), m *iso8583.Message) error
	answer  func(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) (ok bool)
	refused func(now time.Time, rule iso8583.AnswerRule, out *Actions) // the host said no; may be nil
	broken  func(out *Actions)                                         // no answer came, or none that can be used; may be nil
}

// nextErrand gives what is to be done next; nil for nothing. over: the order is done, so that only what need not come before it
// is looked for.
func (t *Terminal) nextErrand(now time.Time, out *Actions) *errand {
	if !t.clears(t.order.plan) || t.order.plan.Offline || !t.signedIn {
		return nil
	}
	if t.noticeDue() {
		return t.noticeErrand()
	}
	t.consult("terminal/download-first")
	if t.order.plan.Trade && t.order.over != t.Rules.DownloadFirst {
		for _, d := range downloads() {
			if !t.due[d] || t.order.failed[string(d)] {
				continue
			}
			if e := t.downloadErrand(now, d, out); e != nil {
				return e
			}
		}
		if t.statusDue && !t.order.failed[statusErrand] {
			return t.statusErrand()
		}
	}
	return nil
}

// errandRuns does what comes before the order; false when there is nothing.
func (t *Terminal) errandRuns(now time.Time, out *Actions) bool {
	e := t.nextErrand(now, out)
	if e != nil {
		t.run(now, e, out)
	}
	return e != nil
}

// run sends an errand's next message. Its trace number is written first, as for every message.
func (t *Terminal) run(now time.Time, e *errand, out *Actions) {
	number := nextTrace(t.trace)
	m := t.Dialect.NewRequest(e.flow)
	o := t.offer(e.flow, m)
	t.offerTerminal(o, now)
	o(iso8583.Trace, traceDigits(number))
	t.exchange = exchange{flow: e.flow, request: m, errand: e}
	if err := e.request(o, m); err != nil {
		t.fault(now, err, out)
		return
	}
	t.dispatch(now, "TALKING_TO_HOST", &sentLine{Trace: number, Flow: e.flow}, out)
}

// errandAnswered goes on with the errand, or with the order.
func (t *Terminal) errandAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	e := t.exchange.errand
	if rule.Category != iso8583.CategoryApproved && e.refused != nil {
		e.refused(now, rule, out)
	}
	if rule.Category != iso8583.CategoryApproved || !e.answer(now, rule, m, out) {
		t.errandBroke(now, out)
		return
	}
	t.afterErrand(now, out)
}

// errandBroke: it is left for the next order.
func (t *Terminal) errandBroke(now time.Time, out *Actions) {
	e := t.exchange.errand
	if e.broken != nil {
		e.broken(out)
	}
	if t.order.failed == nil {
		t.order.failed = map[string]bool{}
	}
	t.order.failed[e.name] = true
	t.afterErrand(now, out)
}

// afterErrand goes on where the errand stood in the way: an answer may have taken the sign-in away.
func (t *Terminal) afterErrand(now time.Time, out *Actions) {
	switch {
	case t.order.over:
		t.closeOrder(now, out)
	case t.restartDue:
		t.refuse(now, "terminal/restart", "RESTARTING", out)
		out.add(Action{Kind: Restart})
	default:
		t.enterGates(now, out)
	}
}

// closeOrder ends an order that is over, after what was left for its end.
func (t *Terminal) closeOrder(now time.Time, out *Actions) {
	if !t.errandRuns(now, out) {
		t.finish(out)
	}
}

// statusErrand is the upload of the devices' states, which the host asked for with header nibble 6 = 2 (DOMAIN.md A.8.1, 362).
func (t *Terminal) statusErrand() *errand {
	return &errand{name: statusErrand, flow: pay.StatusUpload,
		request: func(o func(iso8583.Element, string), _ *iso8583.Message) error {
			t.consult("terminal/devices")
			text, err := t.Rules.Devices(t).Text()
			o(iso8583.Parameters, text)
			return err
		},
		answer: func(_ time.Time, _ iso8583.AnswerRule, _ *iso8583.Message, out *Actions) bool {
			t.write(out, &dueLine{Request: RequestStatus, Done: true})
			return true
		},
	}
}

const statusErrand = "status"
