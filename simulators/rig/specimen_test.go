package rig_test

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

func TestSpecimen(t *testing.T) {
	for _, name := range []string{"embedded", "iso87-ascii"} {
		profile, err := rig.LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rig.New(rig.Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		fleet, err := r.Fleet(t.Context(), rig.FleetPlan{Line: rig.LineMemory, Tills: 1, Cards: 1, Balance: pay.CNY(1_000_00)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(fleet.Close)
		for _, c := range []struct {
			flow, of pay.Flow
			by       rig.Presented
			undone   bool
			has      []iso8583.Element
		}{
			{pay.Sale, "", rig.ByStripe, true, []iso8583.Element{iso8583.Track2, iso8583.PIN, iso8583.Amount, iso8583.MAC}},
			{pay.Sale, "", rig.ByChip, true, []iso8583.Element{iso8583.Chip, iso8583.Amount}},
			{pay.Sale, "", rig.ByTap, true, []iso8583.Element{iso8583.Chip}},
			{pay.Void, pay.Sale, rig.ByStripe, true, []iso8583.Element{iso8583.OriginalRRN, iso8583.OriginalTrace}},
			{pay.Refund, pay.Sale, rig.ByStripe, false, []iso8583.Element{iso8583.Amount}},
			{pay.PreAuth, "", rig.ByStripe, true, nil},
			{pay.Completion, pay.PreAuth, rig.ByStripe, true, []iso8583.Element{iso8583.AuthCode}},
			{pay.PreAuthVoid, pay.PreAuth, rig.ByStripe, true, []iso8583.Element{iso8583.AuthCode}},
			{pay.Balance, "", rig.ByStripe, false, []iso8583.Element{iso8583.PIN}},
			{pay.Echo, "", rig.ByUsual, false, nil},
		} {
			t.Run(name+"/"+string(c.flow)+"/"+string(c.by), func(t *testing.T) {
				s, err := fleet.Specimen(t.Context(), c.flow, c.of, c.by)
				if err != nil {
					t.Fatal(err)
				}
				if s.Request.Frame() == nil || (s.Reversal != nil) != c.undone {
					t.Errorf("request %v, reversal %v", s.Request, s.Reversal)
				}
				for _, e := range c.has {
					if !s.Request.Has(e) {
						t.Errorf("no %s", e)
					}
				}
			})
		}
	}
}
