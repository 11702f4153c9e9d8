package workers

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
)

// FuzzDelivery reads what anybody may say over the wire: it is refused or taken, and what is taken can be measured.
func FuzzDelivery(f *testing.F) {
	m, err := load.NewMeasurement(2, time.Second, time.Second)
	if err != nil {
		f.Fatal(err)
	}
	r := m.Recorder()
	s := load.Sample{Written: 5, Answered: 9000, End: load.Approved, Code: load.Code{'0', '0', ' '}}
	r.Record(&s)
	r.Close()
	m.Collect(func(iv *load.Interval) {
		f.Add(append([]byte{interval}, load.AppendFlows(load.AppendInterval(nil, iv), 0, []load.Flow{{Due: 1, Written: 1}})...))
	})
	f.Add(load.AppendRecord([]byte{orders}, &s))
	f.Add([]byte(`s{"at":"2026-06-01T09:30:00Z","role":"terminal","party":"40000001","fact":"present"}` + "\n"))
	f.Add([]byte(`l{"Left":true,"Refused":{"BATCH_FULL":2}}`))
	f.Add([]byte{beat})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = readHello(b)
		d, err := readDelivery(b, 2)
		if err != nil || d.kind != interval || d.parcel.Index > 0 {
			return
		}
		m, err := load.NewMeasurement(2, time.Second, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		r := m.Recorder()
		if r.Take(d.parcel, nil) != nil {
			return
		}
		r.Close()
		m.Collect()
		total := m.Total().Total(nil)
		_ = total.Times[load.Response].Quantile(0.99)
	})
}

func TestDoorsRefuse(t *testing.T) {
	for _, c := range []struct{ url, why string }{
		{"127.0.0.1:4222", "no scheme"}, {"nats://127.0.0.1", "no port"}, {"http://127.0.0.1:4222", "no NATS"},
		{"nats://0.0.0.0:1", "in clear beyond this machine"}, {"tls://127.0.0.1:1", "nobody there"},
	} {
		if _, _, stop, err := open(c.url, false); err == nil {
			stop()
			t.Errorf("%s was opened: %s", c.url, c.why)
		}
	}
	if _, err := readHello([]byte(`{"Name":"x","Inbox":"tillproof.join"}`)); err == nil {
		t.Error("a worker named a subject that is no inbox of its own")
	}
	if _, err := readStatements([]byte(`{"role":"issuer"}`)); err == nil {
		t.Error("a worker spoke for the issuer")
	}
}
