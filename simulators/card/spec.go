package card

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// Spec is a card file: what a card is, before it is personalised. README.md of fixtures/cards/chip has the words.
type Spec struct {
	Name      string `yaml:"name"`
	Text      string `yaml:"text"`   // what the card is for, in one line
	Holder    string `yaml:"holder"` // 5F20
	PAN       string `yaml:"pan"`
	Sequence  string `yaml:"sequence"` // 5F34, two digits
	Expiry    string `yaml:"expiry"`   // YYMM
	Effective string `yaml:"effective"`
	Service   string `yaml:"service"`
	PIN       string `yaml:"pin"`
	Tries     int    `yaml:"pin_tries"`
	TriesLeft *int   `yaml:"pin_tries_left"`
	Protocol  string `yaml:"protocol"`     // T=0 or T=1, on contacts
	Country   string `yaml:"country"`      // ISO 3166, digits
	Currency  string `yaml:"currency"`     // ISO 4217, digits
	Blocked   bool   `yaml:"blocked"`      // the whole card, as CARD BLOCK leaves it
	Phone     bool   `yaml:"phone"`        // a phone, not a card: its holder may confirm on it
	ATR       hexed  `yaml:"atr"`          // instead of the usual one
	Bare      bool   `yaml:"no_directory"` // on contacts: applications are found by their names only

	Applications []*Application `yaml:"applications"`
	Hardware     []Fault        `yaml:"hardware"` // what is wrong with the thing in the hand or the reader

	file settings.File
}

// Format keeps the card's data out of every print.
func (s Spec) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.Name)) }

// Clone gives a card of the same kind that may be changed.
func (s *Spec) Clone() *Spec {
	other := *s
	other.Applications = make([]*Application, len(s.Applications))
	for i, a := range s.Applications {
		own := *a
		own.Data, own.Without, own.Records = maps.Clone(a.Data), slices.Clone(a.Without), slices.Clone(a.Records)
		other.Applications[i] = &own
	}
	return &other
}

// Interface is how a card is reached.
type Interface string

// The interfaces.
const (
	Contact     Interface = "contact"
	Contactless Interface = "contactless"
)

// Flow says when a card makes its cryptogram.
type Flow string

// The flows.
const (
	FlowGenerate Flow = "generate-ac" // contact, and contactless as Mastercard does
	FlowGPO      Flow = "gpo"         // contactless as UnionPay and Visa do: all in the answer to GET PROCESSING OPTIONS
)

// Application is one payment application of a card.
type Application struct {
	AID        hexed       `yaml:"aid"`
	Label      string      `yaml:"label"`
	Preferred  string      `yaml:"preferred_name"`
	Language   string      `yaml:"language"`
	Priority   byte        `yaml:"priority"`
	Interfaces []Interface `yaml:"interfaces"` // both when absent
	Flow       Flow        `yaml:"flow"`
	Hidden     bool        `yaml:"hidden"` // not in the directory
	Blocked    bool        `yaml:"blocked"`

	Scheme     string `yaml:"scheme"`      // cryptogram version: unionpay-01 and so on
	MasterKeys string `yaml:"master_keys"` // the issuer's, in fixtures/keys
	ATC        uint16 `yaml:"atc"`
	LastOnline uint16 `yaml:"last_online_atc"`

	PAN      string `yaml:"pan"` // a token of this application's own, with its expiry
	Expiry   string `yaml:"expiry"`
	Sequence string `yaml:"sequence"`

	AIP       hexed  `yaml:"aip"`
	CA        hexed  `yaml:"ca"`         // index of the CA key; no certificates when absent
	IssuerKey string `yaml:"issuer_key"` // key pairs of fixtures/keys
	CardKey   string `yaml:"card_key"`
	PINKey    string `yaml:"pin_key"`
	Certified string `yaml:"certified_until"` // YYMM, of both certificates; the card's expiry when absent

	Format2 bool             `yaml:"format_2"` // answers in template 77 instead of 80
	CVM     string           `yaml:"contactless_cvm"`
	CTQ     hexed            `yaml:"ctq"` // the bits that do not depend on the transaction
	Fast    hexed            `yaml:"fast_dda_format"`
	Risk    Risk             `yaml:"risk"`
	Data    map[string]hexed `yaml:"data"`    // objects by tag, before all that is made here
	Without []string         `yaml:"without"` // tags that this card lacks
	Records []RecordSpec     `yaml:"records"` // instead of the usual ones

	scheme hsm.CardScheme
}

// Format keeps the application's data out of every print.
func (a Application) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.Label)) }

// Put sets a data object of the application, before all that is made from its other words.
func (a *Application) Put(tag tlv.Tag, value []byte) {
	if a.Data == nil {
		a.Data = map[string]hexed{}
	}
	a.Data[tag.String()] = value
}

// RecordSpec is one record as a list of tags.
type RecordSpec struct {
	File   byte     `yaml:"file"`
	Record byte     `yaml:"record"`
	Tags   []string `yaml:"tags"`
	Signed bool     `yaml:"signed"` // offline data authentication covers it
}

// Risk is what the card decides from (card risk management).
type Risk struct {
	Offline      bool       `yaml:"offline"`       // payments may be approved without the issuer
	Count        int        `yaml:"offline_count"` // how many in a row until the card wants its issuer; 0 for no limit
	Most         int        `yaml:"offline_most"`  // and how many when it cannot reach it
	Total        pay.Amount `yaml:"offline_total"` // what may be spent so in all; 0 for no limit
	IssuerProof  bool       `yaml:"issuer_proof"`  // no approval after an online answer without the issuer's cryptogram
	NewOnline    bool       `yaml:"new_online"`    // the first payment goes online
	PINBlocked   string     `yaml:"pin_blocked"`   // "decline" when no tries are left; online otherwise
	NotCompleted bool       `yaml:"not_completed"` // the payment after one that never heard its issuer goes online
	TapMost      pay.Amount `yaml:"tap_most"`      // contactless payments over this want the contacts: 6985
}

var (
	digitsOnly = regexp.MustCompile(`^[0-9]*$`)
	tagText    = regexp.MustCompile(`^[0-9A-F]{2,8}$`)
	panText    = regexp.MustCompile(`^[0-9]{8,19}$`)
	monthText  = regexp.MustCompile(`^[0-9]{2}(0[1-9]|1[0-2])$`)
)

// Parse reads a card file. A mistake is told with file, line and field; no digit of the card is quoted.
func Parse(text []byte, file string) (*Spec, error) {
	s := &Spec{}
	var err error
	if s.file, err = (settings.Kind{Name: "card", Secret: true}).Read(file, text, s); err != nil {
		return nil, err
	}
	s.defaults()
	return s, s.check()
}

// Load reads a shipped card by its name.
func Load(fsys fs.FS, name string) (*Spec, error) {
	file := path.Join("cards", "chip", name+".yaml")
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("card %s: no such card; shipped: %s", name, strings.Join(Names(fsys), ", "))
	}
	return Parse(text, file)
}

// Names lists the shipped cards.
func Names(fsys fs.FS) (names []string) {
	files, _ := fs.Glob(fsys, "cards/chip/*.yaml") // the pattern is well made
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".yaml"))
	}
	return names
}

func (s *Spec) defaults() {
	set(&s.Holder, "TEST/CARDHOLDER")
	set(&s.Sequence, "00")
	set(&s.Effective, "2001")
	set(&s.Service, "220")
	set(&s.Protocol, "T=0")
	set(&s.Country, "0156")
	set(&s.Currency, "0156")
	if s.Tries == 0 {
		s.Tries = 3
	}
	for _, a := range s.Applications {
		if a == nil {
			continue
		}
		set(&a.PAN, s.PAN)
		set(&a.Expiry, s.Expiry)
		set(&a.Sequence, s.Sequence)
		set(&a.Label, "PAYMENT")
		set(&a.MasterKeys, "unionpay")
		set(&a.Scheme, "unionpay-01")
		set(&a.Certified, a.Expiry)
		set((*string)(&a.Flow), string(FlowGenerate))
		if len(a.Interfaces) == 0 {
			a.Interfaces = []Interface{Contact, Contactless}
		}
	}
}

func set(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// mistake names a setting by its YAML path.
func (s *Spec) mistake(yamlPath, format string, args ...any) error {
	return s.file.Mistake(yamlPath, format, args...)
}

func (s *Spec) check() error {
	if !panText.MatchString(s.PAN) {
		return s.mistake("$.pan", "want 8 to 19 digits, in quotes")
	}
	for _, f := range []struct {
		path, value string
		size        int
	}{{"$.sequence", s.Sequence, 2}, {"$.service", s.Service, 3}, {"$.country", s.Country, 4}, {"$.currency", s.Currency, 4}} {
		if len(f.value) != f.size || !digitsOnly.MatchString(f.value) {
			return s.mistake(f.path, "want %d digits, in quotes", f.size)
		}
	}
	switch {
	case !monthText.MatchString(s.Expiry):
		return s.mistake("$.expiry", "want YYMM, in quotes")
	case !monthText.MatchString(s.Effective):
		return s.mistake("$.effective", "want YYMM, in quotes")
	case s.PIN != "" && (len(s.PIN) < 4 || len(s.PIN) > 12 || !digitsOnly.MatchString(s.PIN)):
		return s.mistake("$.pin", "want 4 to 12 digits, in quotes")
	case s.Protocol != "T=0" && s.Protocol != "T=1":
		return s.mistake("$.protocol", "want T=0 or T=1")
	case len(s.Holder) < 2 || len(s.Holder) > 26:
		return s.mistake("$.holder", "want 2 to 26 characters")
	case s.Tries < 1 || s.Tries > 15 || s.TriesLeft != nil && (*s.TriesLeft < 0 || *s.TriesLeft > s.Tries):
		return s.mistake("$.pin_tries", "want 1 to 15 tries, and no more left than there are")
	case len(s.Applications) == 0 || len(s.Applications) > 20:
		return s.mistake("$.applications", "want 1 to 20 applications")
	case len(s.ATR) == 1 || len(s.ATR) > 33:
		return s.mistake("$.atr", "want 2 to 33 bytes")
	}
	for i, a := range s.Applications {
		if err := s.checkApplication(fmt.Sprintf("$.applications[%d]", i), a); err != nil {
			return err
		}
	}
	for i, f := range s.Hardware {
		if err := f.check(); err != nil {
			return s.mistake(fmt.Sprintf("$.hardware[%d]", i), "%v", err)
		}
	}
	return nil
}

func (s *Spec) checkApplication(at string, a *Application) error {
	if a == nil {
		return s.mistake(at, "is empty")
	}
	switch {
	case len(a.AID) < 5 || len(a.AID) > 16:
		return s.mistake(at+".aid", "want 5 to 16 bytes in hex")
	case len(a.Label) < 1 || len(a.Label) > 16:
		return s.mistake(at+".label", "want 1 to 16 characters")
	case len(a.Preferred) > 16:
		return s.mistake(at+".preferred_name", "want at most 16 characters")
	case len(a.Language) > 8 || len(a.Language)%2 != 0:
		return s.mistake(at+".language", "want one to four languages of two letters")
	case a.Flow != FlowGenerate && a.Flow != FlowGPO:
		return s.mistake(at+".flow", "want %s or %s", FlowGenerate, FlowGPO)
	case len(a.AIP) != 0 && len(a.AIP) != 2:
		return s.mistake(at+".aip", "want 2 bytes")
	case len(a.CA) > 1:
		return s.mistake(at+".ca", "want 1 byte, the index of a CA key")
	case len(a.CTQ) != 0 && len(a.CTQ) != 2:
		return s.mistake(at+".ctq", "want 2 bytes")
	case len(a.Fast) > 1:
		return s.mistake(at+".fast_dda_format", "want 1 byte")
	case !panText.MatchString(a.PAN):
		return s.mistake(at+".pan", "want 8 to 19 digits, in quotes")
	case !monthText.MatchString(a.Expiry):
		return s.mistake(at+".expiry", "want YYMM, in quotes")
	case !monthText.MatchString(a.Certified):
		return s.mistake(at+".certified_until", "want YYMM, in quotes")
	case len(a.Sequence) != 2 || !digitsOnly.MatchString(a.Sequence):
		return s.mistake(at+".sequence", "want 2 digits, in quotes")
	case a.Risk.PINBlocked != "" && a.Risk.PINBlocked != "decline":
		return s.mistake(at+".risk.pin_blocked", "want decline, or nothing")
	case a.CVM != "" && a.CVM != "online-pin" && a.CVM != "signature" && a.CVM != "device":
		return s.mistake(at+".contactless_cvm", "want online-pin, signature or device")
	}
	for i, f := range a.Interfaces {
		if f != Contact && f != Contactless {
			return s.mistake(fmt.Sprintf("%s.interfaces[%d]", at, i), "want %s or %s", Contact, Contactless)
		}
	}
	for tag, value := range a.Data {
		if !tagText.MatchString(tag) || len(value) > 252 {
			return s.mistake(at+".data", "%s: want a tag in upper-case hex, and at most 252 bytes", tag)
		}
		if err := wellFormed(tag, value); err != nil {
			return s.mistake(at+".data", "%s: %v", tag, err)
		}
	}
	for i, r := range a.Records {
		if r.File < 1 || r.File > 30 || r.Record < 1 {
			return s.mistake(fmt.Sprintf("%s.records[%d]", at, i), "want a file from 1 to 30 and a record from 1")
		}
		for _, tag := range r.Tags {
			if !tagText.MatchString(tag) {
				return s.mistake(fmt.Sprintf("%s.records[%d].tags", at, i), "%q is no tag in upper-case hex", tag)
			}
		}
	}
	return nil
}

// wellFormed holds what the card itself reads to its form. Other objects may be as wrong as a tester likes.
func wellFormed(tag string, value []byte) error {
	switch parseTag(tag) {
	case emv.Tag9F38PDOL, emv.Tag8CCDOL1, emv.Tag8DCDOL2, emv.Tag9F49DDOL, emv.Tag9F4FLogFormat:
		_, err := emv.ParseDOL(value)
		return err
	case emv.Tag82AIP:
		if len(value) != 2 {
			return errors.New("want 2 bytes")
		}
	case emv.Tag94AFL:
		_, err := emv.ParseAFL(value)
		return err
	case emv.Tag9F4DLogEntry:
		if len(value) != 2 || value[0] < 11 || value[0] > 30 {
			return errors.New("want a file from 11 to 30 and a number of records")
		}
	}
	return nil
}

// parseTag reads a tag that tagText matched.
func parseTag(text string) tlv.Tag {
	var t tlv.Tag
	if _, err := fmt.Sscanf(text, "%X", &t); err != nil {
		return 0
	}
	return t
}
