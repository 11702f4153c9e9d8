package kernel

import "testing"

func TestBase(t *testing.T) {
	s := newSetting(t)
	o := s.run()
	if o.Ending != ApprovedOffline {
		for _, c := range s.card.seen {
			t.Logf("%s %X", c.Name(), c.Append(nil))
		}
		t.Fatalf("%+v", o)
	}
}
