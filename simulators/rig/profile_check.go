package rig

import (
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// check holds the profile's settings against one another. Every mistake is told, each with its line and none with a secret.
func (p *Profile) check() error {
	var all []error
	switch p.Seat {
	case SeatRemote, SeatSwitch:
		all = append(all, p.checkAddress())
		if len(p.Terminals) == 0 {
			all = append(all, p.mistake("$.seat", "a remote host needs `terminals`: number, merchant and keys that it knows"))
		}
		if p.Seat == SeatSwitch {
			all = append(all, p.checkSwitch())
		}
	case SeatContainer:
		all = append(all, p.checkContainer())
	case SeatTerminal:
		all = append(all, p.checkOutside())
	case SeatEmbedded:
		if p.Address != "" || p.Listen != "" || p.TLS != nil {
			all = append(all, p.mistake("$.seat", "an embedded host has no address, no listen and no tls: say `seat: remote`"))
		}
	default:
		all = append(all, p.mistake("$.seat", "%q is no seat: want %s, %s, %s, %s or %s", p.Seat, SeatEmbedded, SeatRemote, SeatContainer, SeatTerminal, SeatSwitch))
	}
	for i, kcv := range p.Production {
		if _, err := hex.DecodeString(kcv); err != nil || len(kcv) != 6 && len(kcv) != 8 {
			all = append(all, p.mistake(fmt.Sprintf("$.production_kcvs[%d]", i), "%q: want six or eight hex digits, or it protects no key", kcv))
		}
	}
	all = append(all, p.checkMetrics())
	if p.CVK != nil {
		all = append(all, p.checkKey("$.cvk", *p.CVK, hsm.TDES2))
	}
	for i, t := range p.Terminals {
		all = append(all, p.checkTerminal(fmt.Sprintf("$.terminals[%d]", i), t))
		if slices.ContainsFunc(p.Terminals[:i], func(o ProfileTerminal) bool { return o.Label == t.Label || o.Number == t.Number }) {
			all = append(all, p.mistake(fmt.Sprintf("$.terminals[%d]", i), "another terminal has this label or number"))
		}
	}
	for i, c := range p.Cards {
		all = append(all, p.checkCard(fmt.Sprintf("$.cards[%d]", i), c))
	}
	all = append(all, p.checkPool()...)
	if p.Issuer != nil && p.Seat != SeatSwitch {
		all = append(all, p.mistake("$.issuer", "an issuer of ours is behind a switch: say `seat: switch`"))
	}
	for i, o := range p.Outcomes {
		all = append(all, p.checkOutcome(fmt.Sprintf("$.outcomes[%d]", i), o))
	}
	return errors.Join(all...)
}

func (p *Profile) checkAddress() error { return p.checkPlaces(places{"$", p.Address, p.Listen, p.tls}) }

// places are where a line begins: one of them, and its TLS.
type places struct {
	at              string // of the section
	address, listen string
	tls             *tls.Config
}

func (p *Profile) checkPlaces(l places) error {
	at, address := l.at+".address", l.address
	switch {
	case l.listen != "" && l.address != "":
		return p.mistake(l.at+".listen", "want one of address and listen: either we dial the host, or it dials us")
	case l.listen != "" && l.tls != nil && len(l.tls.Certificates) == 0:
		return p.mistake(l.at+".tls", "who is dialled shows a certificate: want certificate and key")
	case l.listen != "":
		at, address = l.at+".listen", l.listen
	}
	here, err := isLoopback(address)
	if err != nil {
		return p.mistake(at, "%q: want host:port", address)
	}
	if !here && !p.Remote {
		return p.mistake(at, "%s is not this machine: say `remote: true` if test traffic may go there", address)
	}
	return nil
}

func (p *Profile) checkMetrics() error {
	if p.Metrics == nil {
		return nil
	}
	u, err := url.Parse(p.Metrics.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" || u.User != nil {
		return p.mistake("$.metrics.url", "want host and port and no password, such as http://127.0.0.1:9100/metrics")
	}
	here, err := isLoopback(u.Host)
	switch {
	case err != nil:
		return p.mistake("$.metrics.url", "%q: want host:port", u.Host)
	case !here && !p.Remote:
		return p.mistake("$.metrics.url", "%s is not this machine: say `remote: true` if it may be asked", u.Host)
	case len(p.Metrics.Show) == 0:
		return p.mistake("$.metrics", "name what a report is to `show` of it, such as process_cpu_seconds_total")
	}
	return nil
}

// merchantDigits is how long a merchant number is (F42).
const merchantDigits = 15

func (p *Profile) checkTerminal(at string, t ProfileTerminal) error {
	switch {
	case t.Label == "" || t.Number == "" || t.Merchant == "":
		return p.mistake(at, "a terminal needs label, number and merchant")
	case len(t.Number) != 8:
		return p.mistake(at+".number", "%q: want eight characters", t.Number)
	case len(t.Merchant) != merchantDigits:
		return p.mistake(at+".merchant", "%q: want fifteen characters", t.Merchant)
	case p.dialect.Security.Keys == "none":
		return p.checkFixed(at, t)
	case len(t.PIK.Components)+len(t.MAK.Components) > 0:
		return p.mistake(at, "dialect %s brings the working keys by sign-in: want tmk, not pik and mak", p.dialect.Name)
	case len(t.TMK.Components) > 0:
		return p.checkKey(at+".tmk", t.TMK, hsm.TDES2, hsm.SM4)
	case p.elsewhere():
		return p.mistake(at, "terminal %s has no tmk: the host has one, and the till needs the same", t.Label)
	}
	return nil
}

// checkFixed holds the fixed keys of a terminal against what the dialect needs.
func (p *Profile) checkFixed(at string, t ProfileTerminal) error {
	if !p.elsewhere() {
		return p.mistake(at, "dialect %s has fixed keys, which only a remote host's terminals have", p.dialect.Name)
	}
	if len(t.TMK.Components) > 0 {
		return p.mistake(at+".tmk", "dialect %s brings no keys by sign-in: want pik and mak", p.dialect.Name)
	}
	if t.DUKPT != nil {
		if err := p.checkDUKPT(at, t); err != nil {
			return err
		}
	}
	for _, k := range []struct {
		name   string
		key    ProfileKey
		needed bool
	}{{"pik", t.PIK, t.DUKPT == nil}, {"mak", t.MAK, p.dialect.Security.MAC != "none"}} {
		if len(k.key.Components) == 0 && k.needed {
			return p.mistake(at, "terminal %s has no %s: in dialect %s no sign-in brings one", t.Label, k.name, p.dialect.Name)
		}
		if len(k.key.Components) > 0 {
			if err := p.checkKey(at+"."+k.name, k.key, hsm.TDES2); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	yearMonth   = regexp.MustCompile(`^[0-9]{2}(0[1-9]|1[0-2])$`)
	serviceCode = regexp.MustCompile(`^[0-9]{3}$`)
	pinDigits   = regexp.MustCompile(`^[0-9]{4,12}$`)
	trackForm   = regexp.MustCompile(`^[0-9]{12,19}D[0-9]{7,}$`)
)

func (p *Profile) checkCard(at string, c ProfileCard) error {
	switch {
	case c.Name == "":
		return p.mistake(at, "a card needs the name of a cardholder of the cast")
	case !pay.NewPAN(c.PAN).LuhnValid():
		return p.mistake(at+".pan", "the check digit of the card number is wrong")
	case !yearMonth.MatchString(c.Expiry):
		return p.mistake(at+".expiry", "want year and month, YYMM")
	case !serviceCode.MatchString(c.Service):
		return p.mistake(at+".service", "want the three digits of the service code")
	case c.PIN != "" && !pinDigits.MatchString(c.PIN):
		return p.mistake(at+".pin", "want four to twelve digits")
	case c.Track2 != "" && (!trackForm.MatchString(c.Track2) || len(c.Track2) > 37 || !strings.HasPrefix(c.Track2, c.PAN+"D"+c.Expiry+c.Service)):
		return p.mistake(at+".track_2", "want the card's number, D, expiry, service code and what follows, 37 characters at most")
	case c.Track2 == "" && p.CVK == nil && p.elsewhere() && p.Issuer == nil:
		return p.mistake(at, "the card needs its track_2, or the profile the cvk to write it with")
	}
	if _, err := pay.ParseAmount(c.Balance); c.Balance != "" && err != nil {
		return p.mistake(at+".balance", "%v", err)
	}
	return nil
}

// terminal finds the terminal that stands for a till of the cast.
func (p *Profile) terminal(label string) (ProfileTerminal, bool) {
	i := slices.IndexFunc(p.Terminals, func(t ProfileTerminal) bool { return t.Label == label })
	if i < 0 {
		return ProfileTerminal{}, false
	}
	return p.Terminals[i], true
}

// binds tells that the profile has a terminal for a till of the cast.
func (p *Profile) binds(label string) bool {
	_, ok := p.terminal(label)
	return ok
}

// testCard tells that a card number is on the profile's list of test cards.
func (p *Profile) testCard(pan string) bool {
	return slices.ContainsFunc(p.Cards, func(c ProfileCard) bool { return c.PAN == pan })
}
