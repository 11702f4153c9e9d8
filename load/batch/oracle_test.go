//go:build unix

package batch

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// At a modest rate vegeta's Attacker, with an http.RoundTripper that speaks ISO 8583, is the oracle: every chain ends as the engine has it
// end, also those whose answer has a wrong MAC, and the host is asked for the same amounts.
func TestVegetaIsTheOracle(t *testing.T) {
	const chains, rate = 400, 400
	ends := [2]map[uint64]load.End{{}, {}}
	asked := [2]map[uint64]int{{}, {}} // by amount
	for i := range ends {
		c, err := newCrowd(50, 2, rate, "1s", true)
		if err != nil {
			t.Fatal(err)
		}
		l, err := wire.Listen("127.0.0.1:0", nil)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		group.Go(func() {
			defer l.Close()
			for range c.Workload.Lines {
				conn, err := l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				group.Go(func() {
					defer conn.Close()
					k, err := c.clerk()
					if err == nil {
						err = c.frames(conn, func(frames [][]byte) error {
							for _, f := range frames {
								if err := k.scan.Read(c.Dialect, f); err != nil {
									return err
								}
								amount, _ := k.scan.Number(iso8583.Amount)
								sale := k.scan.MTI() == 0x0200
								if sale {
									mu.Lock()
									asked[i][amount]++
									mu.Unlock()
								}
								out, err := k.reply(nil, f, sale && amount%7 == 0)
								if err != nil {
									return err
								}
								if _, err := conn.Write(out); err != nil {
									return err
								}
							}
							return nil
						})
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
		})
		if address := l.Addr().String(); i == 0 {
			byEngine(t, c, address, ends[i])
		} else {
			byVegeta(t, c, address, chains, ends[i])
		}
		group.Wait()
	}
	broken := 0
	for n := range uint64(chains) {
		if ends[0][n] != ends[1][n] || ends[0][n] == 0 {
			t.Errorf("chain %d: %s by the engine, %s by vegeta", n, ends[0][n], ends[1][n])
		}
		if ends[0][n] == load.Broken {
			broken++
		}
	}
	for amount, n := range asked[0] {
		if asked[1][amount] != n {
			t.Errorf("the engine asked for %d fen %d times, vegeta %d times", amount, n, asked[1][amount])
		}
	}
	if broken == 0 || broken == chains || len(asked[0]) != len(asked[1]) {
		t.Errorf("%d of %d are broken; %d and %d amounts", broken, chains, len(asked[0]), len(asked[1]))
	}
}

// endings is a desk that keeps how each chain ended.
type endings struct {
	*load.Recorder
	ends map[uint64]load.End
}

func (e endings) Record(s *load.Sample) { e.ends[s.Chain] = s.End }

func byEngine(t *testing.T, c *crowd, address string, ends map[uint64]load.End) {
	m, err := load.NewMeasurement(1, time.Second, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	clock := load.RealClock{Began: time.Now()}
	c.Desk, c.Clock = endings{m.Recorder(), ends}, clock.Now
	s, err := New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(t.Context(), wire.Address{Addr: address}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := c.Workload.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	load.Drive(context.Background(), p, c.Workload.Length(), s, clock, time.Minute)
}

func byVegeta(t *testing.T, c *crowd, address string, chains int, ends map[uint64]load.End) {
	k, err := newCounter(c, address, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	of := map[uint16]load.End{http.StatusOK: load.Approved, http.StatusPaymentRequired: load.Declined, http.StatusBadGateway: load.Broken}
	k.attack(chains, vegeta.Rate{Freq: chains, Per: time.Second}, func(chain uint64, r *vegeta.Result) { ends[chain] = of[r.Code] })
}
