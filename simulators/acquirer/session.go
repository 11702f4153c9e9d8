package acquirer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// signIn gives a terminal fresh working keys and tells it its batch (DOMAIN.md A.8). The old keys stay in use until the
// answer is out.
func signIn(c *Call) {
	t := c.terminal
	t.State, t.SignInAgain = SignedIn, false
	var made change
	if c.batch(t).Stage == Settled {
		t = made.open(t, c.Rules.NextBatch(t.Batch))
	}
	if b := c.batch(t); !c.Rules.KeepUploads && b.Stage == Settling {
		b.Uploaded = nil
		made.batches = []Batch{b}
	}
	if t, ok := c.freshKeys(t); ok {
		c.fill(iso8583.Batch, t.Batch)
		made.terminals = []Terminal{t}
		c.finish(made, c.approval(), "sign-in", fmt.Sprintf("terminal %s begins in batch %s", t.Number, t.Batch))
	}
}

// keyChange gives a signed-in terminal fresh working keys; its session and its batch go on (DOMAIN.md G, F70 101).
func keyChange(c *Call) {
	if t, ok := c.freshKeys(c.terminal); ok {
		c.Trace.Consult("acquirer/key-change")
		c.released = func() { c.Rules.ChangeKeys(c, t) }
		c.finish(change{terminals: []Terminal{t}}, c.approval(), "key-change", "terminal "+t.Number+" has new keys")
	}
}

// freshKeys makes working keys, puts them into the answer and gives the terminal that holds them; they are in use when the
// answer is out. Where that fails the request is declined.
func (c *Call) freshKeys(t Terminal) (_ Terminal, ok bool) {
	if c.Dialect.Security.Keys == "unionpay-f62" {
		c.Trace.Consult("acquirer/working-keys")
		t.Scheme = c.keyScheme()
		kept, sent, err := c.Rules.WorkingKeys(c, t.Scheme)
		if err != nil {
			c.decline("A7", "working-keys", err.Error()) // A7: security processing failed
			return t, false
		}
		t.F62 = kept
		c.fill(iso8583.Keys, string(sent))
	}
	c.terminal = t
	c.released = func() { c.loadKeys(c.now, t) }
	return t, true
}

// approval is the answer to a request that moves no money.
func (c *Call) approval() Stored { return Stored{Answer: pay.Answer00Approved, RRN: c.rrn, At: c.now} }

// keyScheme is the code of DOMAIN.md A.5.1 for the keys to send. A dialect in which 003 makes no sign-in, as in ISO 8583's
// own F70, leaves the choice to what the acquirer holds about the terminal.
func (c *Call) keyScheme() string {
	probe := c.Dialect.NewRequest(pay.SignIn)
	probe.Set(iso8583.NetworkCode, "003")
	if spec, _, ok := c.Dialect.Identify(probe); ok && spec.Flow == pay.SignIn && c.spec.Flow == pay.SignIn {
		return c.req.Get(iso8583.NetworkCode)
	}
	if c.terminal.Scheme != "" {
		return c.terminal.Scheme
	}
	return "003"
}

// workingKeys makes the keys that a network code asks for, wrapped under the terminal's master key. They are kept as they
// are sent; loadKeys puts them to use.
func workingKeys(c *Call, code string) (kept, sent []byte, err error) {
	fresh := hsm.KeyNames{}
	for name, as := range map[string]*string{"PIK": &fresh.PIK, "MAK": &fresh.MAK, "TDK": &fresh.TDK} {
		*as = TerminalKey(c.terminal.Number, "fresh/"+name)
		defer c.HSM.Delete(*as)
	}
	kept, err = c.HSM.WorkingKeys(TerminalKey(c.terminal.Number, "TMK"), code, fresh, c.makLength())
	return kept, kept, err
}

func (a *Acquirer) makLength() hsm.MAKLength { return hsm.MAKLength(a.Dialect.Switches.MAKLength) }

// loadKeys puts a terminal's working keys to use, from the form in which they went out. Without them its messages fail the
// MAC check, and it signs in again.
func (a *Acquirer) loadKeys(now time.Time, t Terminal) {
	if len(t.F62) == 0 {
		return
	}
	names := hsm.KeyNames{PIK: TerminalKey(t.Number, "PIK"), MAK: TerminalKey(t.Number, "MAK"), TDK: TerminalKey(t.Number, "TDK")}
	failed, err := a.HSM.LoadWorkingKeys(TerminalKey(t.Number, "TMK"), t.F62, names, t.sm4(), a.makLength())
	if err == nil && failed != "" {
		err = fmt.Errorf("the check value of %s does not fit", failed)
	}
	if err != nil {
		a.note(now, trace.Trouble, "working-keys", "terminal "+t.Number+": "+err.Error())
	}
}

// sm4 tells that the terminal signed in with SM4 keys: 60.3 was 005 or 006 (DOMAIN.md A.5.1).
func (t Terminal) sm4() bool { return t.Scheme == "005" || t.Scheme == "006" }

// macAlgorithm is the dialect's, in SM4 for terminals that signed in so.
func (c *Call) macAlgorithm() hsm.MACAlgorithm {
	if c.terminal.sm4() {
		return hsm.MACUnionPaySM4
	}
	return hsm.MACAlgorithm(c.Dialect.Security.MAC)
}

func answerMAC(c *Call, input []byte) ([]byte, error) {
	return c.HSM.MAC(TerminalKey(c.terminal.Number, "MAK"), c.macAlgorithm(), input)
}

// mayEndBatch lets a signed-in terminal sign out of its batch; and once more of the batch before, since the answer to the
// first time may have been lost (DOMAIN.md A.8: a difference of one is tolerated).
func mayEndBatch(c *Call) (pay.Answer, string) {
	switch {
	case c.terminal.State == SignedOut && nextBatch(c.req.Get(iso8583.Batch)) == c.terminal.Batch:
		return passed, ""
	case c.terminal.State != SignedIn:
		return pay.Answer77SignInAgain, fmt.Sprintf("terminal %s is %s", c.terminal.Number, c.terminal.State)
	}
	return batchAgrees(c)
}

// signOut ends the terminal's batch: the next one has the next number.
func signOut(c *Call) {
	t := c.terminal
	var made change
	if t.State == SignedIn {
		t = made.open(t, c.Rules.NextBatch(t.Batch))
		t.State = SignedOut
	}
	made.terminals = []Terminal{t}
	c.finish(made, c.approval(), "sign-out", fmt.Sprintf("terminal %s goes on in batch %s", t.Number, t.Batch))
}

// nextBatch wraps 999999 to 000001 (DOMAIN.md A.8).
func nextBatch(batch string) string {
	n, err := strconv.Atoi(batch)
	if err != nil {
		return "" // no number, no successor
	}
	return fmt.Sprintf("%06d", n%999999+1)
}

// echo answers a line test.
func echo(c *Call) {
	c.finish(change{}, c.approval(), "echo", "the line works")
}

// reported gives the serial number and the place that a message tells about its terminal. F62 of a sign-in is
// "Sequence No", two digits of length and the serial number (DOMAIN.md A.8).
func reported(m *iso8583.Message) (serial, place string) {
	if _, rest, ok := strings.Cut(m.Get(iso8583.TerminalInfo), "Sequence No"); ok {
		serial = counted(rest)
	}
	return serial, m.DeviceValue(iso8583.Device17Place)
}

// counted gives the value behind its length of two digits; "" where the length does not fit.
func counted(s string) string {
	const head = 2
	if len(s) < head {
		return ""
	}
	size, err := strconv.Atoi(s[:head])
	if err != nil || size < 0 || len(s) < head+size {
		return ""
	}
	return s[head : head+size]
}
