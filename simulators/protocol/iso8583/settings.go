package iso8583

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// setting is a named value of a dialect file that a profile may override.
type setting struct {
	section string
	name    string
	set     func(d *Dialect, value string) error
}

// settings lists them all. Names are unique over the sections, so an override needs no section.
func settings() []setting { return slices.Concat(general(), switches()) }

// general lists those of the sections framing, security and timers.
func general() []setting {
	return []setting{
		{"framing", "length", func(d *Dialect, v string) error {
			return oneOf(&d.Framing.Length, v, "binary2", "binary2-inclusive", "ascii4", "bcd2", "binary4")
		}},
		{"framing", "tpdu", func(d *Dialect, v string) error { return nibbles(&d.Framing.TPDU, v, 10) }},
		{"framing", "header", func(d *Dialect, v string) error { return nibbles(&d.Framing.Header, v, len(v)+len(v)%2) }},
		{"framing", "http", func(d *Dialect, v string) error { return yesNo(&d.Framing.HTTP, v) }},
		{"framing", "max", func(d *Dialect, v string) error { return count(&d.Framing.Max, v) }},
		{"framing", "connection", func(d *Dialect, v string) error {
			return oneOf(&d.Connection, v, Multiplexed, Serial, PerTransaction)
		}},
		{"security", "mac", func(d *Dialect, v string) error {
			return oneOf(&d.Security.MAC, v, "unionpay-ecb", "x9.9", "x9.19", "cbc", "aes-cmac", "sm4", "none")
		}},
		{"security", "mac_encoding", func(d *Dialect, v string) error {
			return oneOf(&d.Security.MACEncoding, v, "hex8", "binary")
		}},
		{"security", "pin_format", func(d *Dialect, v string) error {
			return oneOf(&d.Security.PINFormat, v, "iso-0", "iso-1", "iso-3", "iso-4", "unionpay-no-pan")
		}},
		{"security", "keys", func(d *Dialect, v string) error { return oneOf(&d.Security.Keys, v, "unionpay-f62", "none") }},
		{"security", "sm4", func(d *Dialect, v string) error { return yesNo(&d.Security.SM4, v) }},
		{"security", "mac_scope", func(d *Dialect, v string) error {
			d.Security.MACScope = nil
			if v != "" {
				d.Security.MACScope = strings.Split(v, "|")
			}
			return nil
		}},
		{"timers", "connect", func(d *Dialect, v string) error { return duration(&d.Timers.Connect, v) }},
		{"timers", "answer", func(d *Dialect, v string) error { return duration(&d.Timers.Answer, v) }},
		{"timers", "idle_logout", func(d *Dialect, v string) error { return duration(&d.Timers.IdleLogout, v) }},
		{"timers", "reversal_attempts", func(d *Dialect, v string) error { return count(&d.Timers.ReversalAttempts, v) }},
		{"timers", "upload_attempts", func(d *Dialect, v string) error { return count(&d.Timers.UploadAttempts, v) }},
	}
}

// switches lists those of part K.
func switches() []setting {
	return []setting{
		{"switches", "mak_length", func(d *Dialect, v string) error {
			return oneOf(&d.Switches.MAKLength, v, "auto", "8", "16")
		}},
		{"switches", "pin_capture", func(d *Dialect, v string) error { return nibbles(&d.Switches.PINCapture, v, 2) }},
		{"switches", "swipe_pin_format", func(d *Dialect, v string) error {
			return oneOf(&d.Switches.SwipePINFormat, v, "1", "2")
		}},
		{"switches", "header_by_entry", func(d *Dialect, v string) error { return yesNo(&d.Switches.HeaderByEntry, v) }},
		{"switches", "unknown_reversal", func(d *Dialect, v string) error { return code(&d.Switches.UnknownReversal, v) }},
		{"switches", "reversed_again", func(d *Dialect, v string) error {
			if v == "" {
				d.Switches.ReversedAgain = ""
				return nil
			}
			return code(&d.Switches.ReversedAgain, v)
		}},
		{"switches", "empty_keys_means_no_change", func(d *Dialect, v string) error {
			return yesNo(&d.Switches.EmptyKeysMeansNoChange, v)
		}},
		{"switches", "no_pin_limit", func(d *Dialect, v string) error {
			return minorUnits(&d.Switches.NoPINLimit, v)
		}},
		{"switches", "fallback_entry", func(d *Dialect, v string) error {
			return oneOf(&d.Switches.FallbackEntry, v, "02", "80", "90")
		}},
		{"switches", "void_needs_card", func(d *Dialect, v string) error { return yesNo(&d.Switches.VoidNeedsCard, v) }},
		{"switches", "void_needs_pin", func(d *Dialect, v string) error { return yesNo(&d.Switches.VoidNeedsPIN, v) }},
		{"switches", "completion_void_approval", func(d *Dialect, v string) error { return yesNo(&d.Switches.CompletionVoidApproval, v) }},
		{"switches", "completion_needs_card", func(d *Dialect, v string) error { return yesNo(&d.Switches.CompletionNeedsCard, v) }},
		{"switches", "completion_needs_pin", func(d *Dialect, v string) error { return yesNo(&d.Switches.CompletionNeedsPIN, v) }},
		{"switches", "voided_again", func(d *Dialect, v string) error { return code(&d.Switches.VoidedAgain, v) }},
		{"switches", "refund_lookup", func(d *Dialect, v string) error { return oneOf(&d.Switches.RefundLookup, v, "rrn", "trace") }},
		{"switches", "original_time", func(d *Dialect, v string) error { return oneOf(&d.Switches.OriginalTime, v, "transmission", "local") }},
		{"switches", "refund_days", func(d *Dialect, v string) error { return count(&d.Switches.RefundDays, v) }},
		{"switches", "late_refund", func(d *Dialect, v string) error { return code(&d.Switches.LateRefund, v) }},
		{"switches", "over_refund", func(d *Dialect, v string) error { return code(&d.Switches.OverRefund, v) }},
		{"switches", "completion_ceiling", func(d *Dialect, v string) error {
			if err := count(&d.Switches.CompletionCeiling, v); err != nil || d.Switches.CompletionCeiling < 100 {
				return faultf("%q is not a number of percent from 100", v)
			}
			return nil
		}},
		{"switches", "preauth_days", func(d *Dialect, v string) error { return count(&d.Switches.PreAuthDays, v) }},
		{"switches", "host_totals", func(d *Dialect, v string) error { return yesNo(&d.Switches.HostTotals, v) }},
		{"switches", "sign_out_after_settlement", func(d *Dialect, v string) error { return yesNo(&d.Switches.SignOutAfterSettlement, v) }},
		{"switches", "old_version", func(d *Dialect, v string) error { return code(&d.Switches.OldVersion, v) }},
		{"switches", "device_length", func(d *Dialect, v string) error { return oneOf(&d.Switches.DeviceLength, v, "2", "3") }},
		{"switches", "signature_part", func(d *Dialect, v string) error { return count(&d.Switches.SignaturePart, v) }},
		{"switches", "floor_limit", func(d *Dialect, v string) error { return minorUnits(&d.Switches.FloorLimit, v) }},
		{"switches", "tips", func(d *Dialect, v string) error { return yesNo(&d.Switches.Tips, v) }},
		{"switches", "tip_percent", func(d *Dialect, v string) error { return count(&d.Switches.TipPercent, v) }},
		{"switches", "partial_approval", func(d *Dialect, v string) error { return yesNo(&d.Switches.PartialApproval, v) }},
		{"switches", "batch_limit", func(d *Dialect, v string) error { return count(&d.Switches.BatchLimit, v) }},
		{"switches", "cut_off", func(d *Dialect, v string) error { return duration(&d.Switches.CutOff, v) }},
	}
}

// With gives a copy with a profile's overrides applied (names of settings as in the dialect file). All mistakes are told.
func (d *Dialect) With(overrides map[string]string) (*Dialect, error) {
	other := *d
	known := settings()
	names := make([]string, 0, len(overrides))
	for name := range overrides {
		names = append(names, name)
	}
	slices.Sort(names)
	var wrong []string
	for _, name := range names {
		i := slices.IndexFunc(known, func(s setting) bool { return s.name == name })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("%s: no such setting", name))
		} else if err := known[i].set(&other, overrides[name]); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		}
	}
	if wrong != nil {
		return nil, fmt.Errorf("dialect %s: %s", d.Name, strings.Join(wrong, "; "))
	}
	if err := other.settleMACs(); err != nil {
		return nil, fmt.Errorf("dialect %s: %w", d.Name, err)
	}
	return &other, nil
}

// settleMACs lets the security section say which flows carry a MAC, and that none does.
func (d *Dialect) settleMACs() error {
	for _, name := range d.Security.MACScope {
		if !slices.ContainsFunc(d.transactions, func(t *Transaction) bool { return t.named(name) }) {
			return faultf("mac_scope: there is no flow %q, and no flow with such a request", name)
		}
	}
	own := make([]*Transaction, len(d.transactions))
	for i, t := range d.transactions {
		settled := *t
		settled.MAC = t.mac
		if scope := d.Security.MACScope; scope != nil {
			settled.MAC = slices.ContainsFunc(scope, t.named)
		}
		settled.MAC = settled.MAC && d.Security.MAC != "none" && d.Has(MAC)
		own[i] = &settled
	}
	d.transactions = own
	d.index()
	return nil
}

// named takes a flow, or the MTI of its request.
func (t *Transaction) named(name string) bool { return name == string(t.Flow) || name == t.Request }

func oneOf[T ~string](to *T, v string, allowed ...T) error {
	if !slices.Contains(allowed, T(v)) {
		return faultf("%q is not one of %q", v, allowed)
	}
	*to = T(v)
	return nil
}

// nibbles takes so many digits 0 to 9 or A to F, or nothing.
func nibbles(to *string, v string, n int) error {
	for i := range len(v) {
		if _, ok := nibbleOf(v[i]); !ok {
			return faultf("%q: want digits", v)
		}
	}
	if v != "" && len(v) != n {
		return faultf("%q: want %d digits, got %d", v, n, len(v))
	}
	*to = v
	return nil
}

func yesNo(to *bool, v string) error {
	if v != "true" && v != "false" {
		return faultf("%q is not true or false", v)
	}
	*to = v == "true"
	return nil
}

func minorUnits(to *int64, v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return faultf("%q is not a number of minor units", v)
	}
	*to = n
	return nil
}

func count(to *int, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return faultf("%q is not a count", v)
	}
	*to = n
	return nil
}

func duration(to *time.Duration, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return faultf("%q is not a time such as 60s", v)
	}
	*to = d
	return nil
}

func code(to *pay.Answer, v string) error {
	if len(v) != 2 {
		return faultf("%q: want a response code of two characters", v)
	}
	*to = pay.Answer(v)
	return nil
}
