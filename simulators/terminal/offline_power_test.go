package terminal

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// offlineRuns are sales that the till decides alone, amendments and parts, in the ways that they can end.
func offlineRuns() []run {
	voucher := Original{Trace: "000002"}
	signedIn := func(b *bench) { b.signIn() }
	sold := func(b *bench) { b.signIn(); b.offline(1000, spoken) }
	paid := func(b *bench) { b.signIn(); b.swipe(freeTrack) }
	told := func(b *bench) { sold(b); b.swipe(freeTrack) }
	sell := func(b *bench) { b.offline(1000, spoken) }
	tip := func(b *bench) { b.order(pay.Tip, 100, voucher, "") }
	void := func(b *bench) { b.order(pay.Void, 0, voucher, freeTrack) }
	then := func(deeds ...func(*bench)) func(*bench) {
		return func(b *bench) {
			for _, do := range deeds {
				do(b)
			}
		}
	}
	sale := func(b *bench) { b.swipe(freeTrack) }
	gets := func(flow pay.Flow, r reply) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) { return r, f == flow }
	}
	badMAC := reply{code: "00", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }}
	none, down := reply{trouble: &silent}, reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}
	all := []run{
		{"offline sale", signedIn, nil, sell},
		{"two offline sales without paper", func(b *bench) { b.signIn(); b.step(Event{Kind: PaperOut}) }, nil,
			then(sell, sell, func(b *bench) { b.step(Event{Kind: PaperIn}) })},
		{"two offline sales and an online one", signedIn, nil, then(sell, sell, sale)},
		{"an offline sale is settled", sold, nil, func(b *bench) { b.settle() }},
		{"an offline sale is settled, unbalanced", sold, unbalanced, func(b *bench) { b.settle() }},
		{"voided before it leaves", sold, nil, then(void, sale)},
		{"voided after it left", told, nil, void},
		{"voided when it may have arrived", sold, gets(pay.OfflineSale, none), then(sale, void)},
		{"tipped before it leaves", sold, nil, then(tip, sale)},
		{"adjusted after it left", told, nil, func(b *bench) { b.order(pay.Adjustment, 800, voucher, "") }},
		{"tipped and voided", paid, nil, then(tip, void)},
		{"tipped twice", paid, nil, then(tip, tip)},
		{"part taken", signedIn, partOf, func(b *bench) { b.order(pay.Sale, 1000, Original{}, freeTrack) }},
		{"part refused", func(b *bench) { b.signIn(); b.noRest = true }, partOf, func(b *bench) { b.order(pay.Sale, 1000, Original{}, freeTrack) }},
		{"part abandoned", signedIn, partOf, then(sale, func(b *bench) { b.step(Event{Kind: Fired, Timer: TimerIdle}) })},
	}
	for name, r := range map[string]reply{"refused": {code: "14"}, "not taken yet": {code: "96"}, "unanswered": none, "unsent": down, "answered with a bad MAC": badMAC} {
		all = append(all, run{"upload " + name, sold, gets(pay.OfflineSale, r), then(sale, sale)}, run{"tip " + name, paid, gets(pay.Tip, r), then(tip, sale)})
	}
	return all
}

// The power goes after every action of every such run, and again after every second action of the start that follows; then the
// terminal sells once more, and what it states is what the host has.
func TestOfflinePowerCuts(t *testing.T) {
	points := 0
	for _, r := range offlineRuns() {
		t.Run(r.name, func(t *testing.T) {
			n, wrong := r.cutOffline(t)
			points += n
			for _, text := range wrong {
				t.Error(text)
			}
		})
	}
	t.Logf("%d power cuts", points)
}

// The same, where a chip approves without the host: at once, or when no answer comes.
func TestChipAlonePowerCuts(t *testing.T) {
	for name, c := range map[string]struct {
		card paperCard
		host *iso8583.Trouble
	}{
		"Y1":             {paperCard{alone: true}, nil},
		"Y3, unanswered": {paperCard{alone: true, wants: true, second: "40"}, &silent},
		"Y3, unsent":     {paperCard{alone: true, wants: true, second: "40"}, &iso8583.Trouble{Cause: iso8583.NotConnected}},
		"Z3, unanswered": {paperCard{alone: true, wants: true, second: "00"}, &silent},
	} {
		t.Run(name, func(t *testing.T) {
			r := run{name, func(b *bench) {
				card := c.card
				card.t, b.card = t, &card
				b.signIn()
			}, func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				return reply{trouble: c.host}, c.host != nil && flow == pay.Sale
			},
				func(b *bench) { b.insert() }}
			_, wrong := r.cutOffline(t, takes(t, &c.card))
			for _, text := range wrong {
				t.Error(text)
			}
		})
	}
}

// A till that keeps its offline sales in RAM does not survive this.
func TestOfflinePowerCutsCanFail(t *testing.T) {
	_, wrong := offlineRuns()[0].cutOffline(t, func(c *Config) { c.Rules.KeepStored = false })
	if len(wrong) == 0 {
		t.Error("nothing is found")
	}
}

// cutOffline goes through all moments of a run, and says what was wrong after which.
func (r run) cutOffline(t *testing.T, edit ...func(*Config)) (points int, wrong []string) {
	for k := 0; ; k++ {
		b := r.playOffline(t, k, edit...)
		if b.till != nil {
			return points, append(wrong, judgeOffline("never cut", b)...)
		}
		for j, whole := 0, false; !whole; j += 2 {
			points++
			again := r.playOffline(t, k, edit...)
			again.budget = j
			again.powerOn()
			whole = again.till != nil
			again.budget = -1
			if !whole {
				again.powerOn()
			}
			wrong = append(wrong, judgeOffline(fmt.Sprintf("cut after %d actions, and after %d of the start", k, j), again)...)
		}
	}
}

// playOffline does a run and takes the power away after k of its actions.
func (r run) playOffline(t *testing.T, k int, edit ...func(*Config)) *bench {
	b := newBench(t, edit...)
	b.switchTo(map[string]string{"partial_approval": "true"})
	r.before(b)
	b.host.do = r.host
	b.budget = k
	r.do(b)
	b.host.do = nil
	return b
}

// judgeOffline lets a terminal that has come up for good sell once more, and holds what it states against the host's books.
func judgeOffline(where string, b *bench) (found []string) {
	wrong := func(format string, args ...any) { found = append(found, where+": "+fmt.Sprintf(format, args...)) }
	b.budget = -1
	b.logIn("01", "4719")
	b.signIn()
	if b.till.Status().Settling {
		b.settle()
		b.signIn()
	}
	b.swipe(freeTrack)
	if e := b.ending(); e.Kind != Approved {
		wrong("the next sale is %s: %s", e.Kind, e.Screen)
	}
	if n := b.till.Status().Stored; n > 0 {
		wrong("%d offline sales are still stored", n)
	}
	host := b.hostBooks()
	for _, s := range b.till.Statements() {
		trace := s.Ref.Trace
		switch {
		case s.Ref.Flow.Amends() || s.Ref.Flow == pay.Void || s.Fact == audit.Settled:
		case s.Fact == audit.Approved && host[trace] != s.Amount.Minor:
			wrong("payment %s is approved with %s here, the host has %d", trace, s.Amount, host[trace])
		case s.Fact == audit.Reversed && host[trace] != 0:
			wrong("payment %s is reversed here, the host has %d", trace, host[trace])
		}
	}
	for _, e := range b.endings {
		s := b.statement(e.Trace)
		switch {
		case e.Screen == "SOLD_OFFLINE" && s.Fact == "":
			wrong("the cardholder was told that %s is sold, and nobody knows of it", e.Trace)
		case e.Screen == "VOIDED_HERE" && host[e.Trace] != 0:
			wrong("the cardholder was told that %s is voided, the host has %d", e.Trace, host[e.Trace])
		}
	}
	judgeUploads(wrong, b)
	return found
}

func (b *bench) statement(trace string) (found audit.Statement) {
	for _, s := range b.till.Statements() {
		if s.Ref.Trace == trace {
			return s
		}
	}
	return found
}

// hostBooks works out from the messages what the bench's host has of each payment: what it was asked last, or the 4.00 of a part.
func (b *bench) hostBooks() map[string]int64 {
	books := map[string]int64{}
	for _, m := range b.exchanges {
		tx, _, _ := b.dialect.Identify(m)
		trace := m.Get(iso8583.Trace)
		amount, _ := strconv.ParseInt(m.Get(iso8583.Amount), 10, 64)
		switch {
		case !b.host.charged[trace]:
		case b.host.undone[trace]:
			books[trace] = 0
		case tx.Flow.Amends():
			books[m.Get(iso8583.OriginalTrace)] = amount
		case tx.Flow == pay.OfflineSale:
			books[trace] = amount
		case tx.Flow == pay.Sale:
			books[trace] = amount
			if b.host.parts[trace] {
				books[trace] = 400
			}
		}
	}
	return books
}

// Whatever the running terminal knows, the restored one knows too.
func TestRestoreKnowsOffline(t *testing.T) {
	for _, r := range offlineRuns() {
		b := r.playOffline(t, -1)
		before, statements := b.till.Status(), b.till.Statements()
		restored, err := New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range b.journal {
			if err := restored.Restore(record); err != nil {
				t.Fatal(err)
			}
		}
		after := restored.Status()
		after.State, after.Operator, after.Paper, after.Network = before.State, before.Operator, before.Paper, before.Network // volatile
		same(t, r.name, before, after)
		same(t, r.name, statements, restored.Statements())
	}
}
