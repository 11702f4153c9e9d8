package rig_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal/scratch"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// remoteProfile writes the shipped profile of a remote host with another address.
func remoteProfile(t testing.TB, address string) (file string) {
	t.Helper()
	return shippedWith(t, "loopback-remote", "127.0.0.1:8583", address)
}

// shippedWith writes a shipped profile with something else in it.
func shippedWith(t testing.TB, name, old, other string) (file string) {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "profiles/"+name+".yaml")
	must(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not say %q", name, old)
	}
	file = filepath.Join(t.TempDir(), name+".yaml")
	must(t, writeFile(file, strings.Replace(string(text), old, other, 1)))
	return file
}

// freeAddress finds an address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		// Below the ports that connections from here get, so that none of them takes it before it is listened on.
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port of loopback is free")
	return ""
}

// shop is a till of a remote host that is served from a store.
type shop struct {
	*testing.T
	profile, address, store string
	server                  *child
	world                   *rig.World
	till                    *rig.Till
}

// onEachStore runs a test with each kind of store that outlives its process.
func onEachStore(t *testing.T, test func(*testing.T, *shop)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openShop(t, t.TempDir())) })
	t.Run("postgres", func(t *testing.T) {
		address, why := scratch.Database(t, os.Getenv(scratch.Cluster))
		if address == "" {
			t.Skip(why)
		}
		test(t, openShop(t, address))
	})
}

func openShop(t *testing.T, store string) *shop {
	s := &shop{T: t, address: freeAddress(t), store: store}
	s.profile = remoteProfile(t, s.address)
	s.start()
	profile, err := rig.LoadProfile(s.profile)
	must(t, err)
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
	must(t, err)
	s.world, err = r.World(t.Context(), 9, "")
	must(t, err)
	t.Cleanup(s.world.Close)
	s.till, err = s.world.Till("T1")
	must(t, err)
	must(t, s.till.SignIn())
	return s
}

// start starts the server, on the store that there is.
func (s *shop) start() { s.server = serving(s, s.profile, s.address, s.store, 5) }

func (s *shop) sell(who string) string {
	s.Helper()
	must(s, s.till.Swipe(who, pay.CNY(10_00), rig.PINRight))
	return s.till.Screens[len(s.till.Screens)-1].ID
}

func (s *shop) state() rig.State {
	s.Helper()
	state := visiting(s, s.server.control).state(rig.StandingWorld)
	state.Events, state.Consulted = nil, nil
	return state
}

// lastSale gives the last sale that went to the host.
func (s *shop) lastSale() *rig.Crossing {
	for _, c := range slices.Backward(s.world.Wire) {
		if c.Flow == pay.Sale && !c.Answer {
			return c
		}
	}
	s.Fatal("no sale went to the host")
	return nil
}

// balanced fails the test if till, acquirer and issuer do not agree about the money.
func (s *shop) balanced(state rig.State) {
	s.Helper()
	statements, err := s.world.Statements()
	must(s, err)
	for _, b := range audit.Judge(slices.Values(append(statements, state.Statements...))) {
		s.Errorf("%s: %s", b.Rule, b.Text)
	}
}

// A server that is killed and started again on the same store has the same books, knows a repeated sale, and goes on with the
// working keys that the till has.
func TestServeOutlivesItsProcess(t *testing.T) { onEachStore(t, outlivesItsProcess) }

func outlivesItsProcess(t *testing.T, s *shop) {
	for _, who := range []string{"Bob", "Alice", "Bob"} {
		if got := s.sell(who); got != "APPROVED" {
			t.Fatalf("%s's sale ends with %s", who, got)
		}
	}
	before := s.state()
	s.server.kill(t)
	s.start()
	if diff := cmp.Diff(before, s.state()); diff != "" {
		t.Errorf("the books before and after:\n%s", diff)
	}
	sold := s.lastSale()
	must(t, s.till.SendAgain(sold.Message))
	last := s.world.Wire[len(s.world.Wire)-1]
	if got := last.Message.Get(iso8583.AnswerCode); !last.Answer || got != "94" {
		t.Errorf("the repeated sale is answered %q", got)
	}
	from := len(s.world.Wire)
	if got := s.sell("Alice"); got != "APPROVED" { // with her PIN, which goes through the PIN key and the stored reference
		t.Errorf("after the restart a sale ends with %s", got)
	}
	for _, c := range s.world.Wire[from:] {
		if c.Flow != pay.Sale {
			t.Errorf("after the restart the till needs a %s", c.Name())
		}
	}
	after := s.state()
	if got, want := after.Balances["merchant:898320548160001"].Balance, pay.CNY(40_00); got != want {
		t.Errorf("the merchant is owed %s, want %s", got, want)
	}
	s.balanced(after)
}

// A sale after which the till lost its power and the server its life is reversed when both are back.
func TestServeTakesThePendingReversal(t *testing.T) {
	s := openShop(t, t.TempDir())
	opening := s.state().Balances
	s.till.When(false, pay.Sale, 1, s.till.CutPower)
	must(t, s.till.Swipe("Bob", pay.CNY(10_00), rig.PINRight))
	for !slices.ContainsFunc(s.state().Statements, func(st audit.Statement) bool { return st.Role == audit.Acquirer && st.Fact == audit.Posted }) {
		must(t, t.Context().Err()) // the host has the sale, and takes it in
	}
	s.server.kill(t)
	s.start()
	must(t, s.till.StartAgain())
	if got := s.sell("Bob"); got != "APPROVED" {
		t.Errorf("the sale after the reversal ends with %s", got)
	}
	state := s.state()
	for account, was := range opening {
		moved := map[string]int64{"card:Bob": -10_00}[account]
		if got := state.Balances[account].Balance; strings.HasPrefix(account, "card:") && got.Minor-was.Balance.Minor != moved {
			t.Errorf("%s had %s and has %s", account, was.Balance, got)
		}
	}
	s.balanced(state)
}

// Whenever the server is killed, right as a sale reaches it, nothing of the money is in doubt when it is back.
func TestServeKilledAtAnyMoment(t *testing.T) { onEachStore(t, killedAtAnyMoment) }

func killedAtAnyMoment(t *testing.T, s *shop) {
	paid := int64(0)
	for n := 1; n <= 5; n++ {
		s.till.When(false, pay.Sale, n, func() { s.server.kill(t) })
		if s.sell("Bob") == "APPROVED" { // the answer was on its way already
			paid++
		}
		s.start()
	}
	if got := s.sell("Bob"); got != "APPROVED" {
		t.Errorf("the last sale ends with %s", got)
	}
	state := s.state()
	if got := state.Balances["merchant:898320548160001"].Balance; got != pay.CNY(10_00*(paid+1)) {
		t.Errorf("the merchant is owed %s for %d sales of 10.00", got, paid+1)
	}
	s.balanced(state)
}

// The journals rest on keys of the seed: another seed, or a second server at the same time, is refused.
func TestStoreHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	r, err := rig.New(rig.Options{Line: rig.LineSocket})
	must(t, err)
	first, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: r, Store: dir, Seed: 1})
	must(t, err)
	for _, c := range []struct {
		name string
		seed uint64
		want string
	}{{"at the same time", 1, "another process has it open"}, {"another seed", 2, "made with another seed"}} {
		t.Run(c.name, func(t *testing.T) {
			s, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: r, Store: dir, Seed: sim.Seed(c.seed)})
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
		first.Close()
	}
	again, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: r, Store: dir, Seed: 1})
	must(t, err)
	again.Close()
}
