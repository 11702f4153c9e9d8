package merchant

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// SchemeRow is a line of the scheme's file: what it has settled for one payment.
type SchemeRow struct {
	RRN      string
	Merchant string
	Amount   pay.Amount // less than zero when it went back
}

// SchemeFile is what the scheme has settled on a day. As text: a line H|day, a line D|RRN|merchant|fen for each row, a line T|rows|fen.
type SchemeFile struct {
	Day  string
	Rows []SchemeRow
}

// largestFile bounds the rows of a file.
const largestFile = 100_000

// ParseSchemeFile reads a file. One that was cut short, or whose sum is another, is none.
func ParseSchemeFile(text string) (f SchemeFile, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > largestFile {
		return f, fmt.Errorf("scheme file: more than %d lines", largestFile)
	}
	var sum int64
	for n, line := range lines {
		wrong := func(why string) (SchemeFile, error) {
			return SchemeFile{}, fmt.Errorf("scheme file: line %d: %s", n+1, why)
		}
		cells := strings.Split(line, "|")
		switch first, last := n == 0, n == len(lines)-1; {
		case first && len(cells) == 2 && cells[0] == "H":
			if _, err := time.Parse(dayLayout, cells[1]); err != nil {
				return wrong("want a day such as 2026-06-01 behind H")
			}
			f.Day = cells[1]
		case !first && !last && len(cells) == 4 && cells[0] == "D":
			fen, err := strconv.ParseInt(cells[3], 10, 64)
			if err != nil || fen == 0 || fen > 1e14 || fen < -1e14 || len(cells[1]) != 12 || strings.Trim(cells[1], "0123456789") != "" {
				return wrong("want an RRN of twelve digits, a merchant and an amount in fen")
			}
			f.Rows = append(f.Rows, SchemeRow{cells[1], cells[2], pay.CNY(fen)})
			sum += fen
		case !first && last && len(cells) == 3 && cells[0] == "T":
			if cells[1] != strconv.Itoa(len(f.Rows)) || cells[2] != strconv.FormatInt(sum, 10) {
				return wrong(fmt.Sprintf("its rows are %d and come to %d, it says otherwise: it is not whole", len(f.Rows), sum))
			}
		default:
			return wrong("want H first, T last and D between them")
		}
	}
	if len(lines) < 2 {
		return SchemeFile{}, errors.New("scheme file: it is not whole: the line T is missing")
	}
	return f, nil
}

// String writes a file.
func (f SchemeFile) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "H|%s\n", f.Day)
	sum := int64(0)
	for _, r := range f.Rows {
		fmt.Fprintf(&b, "D|%s|%s|%d\n", r.RRN, r.Merchant, r.Amount.Minor)
		sum += r.Amount.Minor
	}
	fmt.Fprintf(&b, "T|%d|%d\n", len(f.Rows), sum)
	return b.String()
}

// CaseKind is how file and books differ.
type CaseKind string

// The kinds of differences.
const (
	Long    CaseKind = "long"    // the scheme has settled what the books do not know
	Short   CaseKind = "short"   // the books have what the scheme has not settled
	Differs CaseKind = "differs" // both have it, in another amount
)

// Decision is how a difference was resolved.
type Decision string

// The decisions.
const (
	ToMerchant Decision = "merchant" // it was his sale, or not his: he gets it, or pays it back
	ToScheme   Decision = "scheme"   // the scheme erred: it gets it back, or pays
	CameLater  Decision = "later"    // the other side had it on another day
)

// Case is a difference between the scheme's file and the books.
type Case struct {
	Number   string     `json:"number"`
	Day      string     `json:"day"`
	RRN      string     `json:"rrn"`
	Merchant string     `json:"merchant"`
	Kind     CaseKind   `json:"kind"`
	File     pay.Amount `json:"file"`
	Books    pay.Amount `json:"books"`
	Open     pay.Amount `json:"open"` // what lies in suspense for it: less than zero when the scheme has paid too little
	Decision Decision   `json:"decision,omitempty"`
	Ended    time.Time  `json:"ended,omitzero"`
}

// entry is what both sides have of an RRN.
type entry struct {
	merchant    string
	file, books int64
	filed, told bool
}

// reconcile holds a scheme's file against the books of its day.
func (o *Office) reconcile(now time.Time, f SchemeFile) ([]Case, error) {
	entries := map[string]*entry{}
	at := func(rrn, merchant string) *entry {
		if entries[rrn] == nil {
			entries[rrn] = &entry{merchant: merchant}
		}
		return entries[rrn]
	}
	made := change{agreed: []string{"file:" + f.Day}, books: o.books.Begin(now)}
	for _, id := range o.order {
		if i := o.items[id]; i.Day == f.Day && i.Other == "" {
			e := at(i.RRN, i.Ref.Merchant)
			e.books, e.told = e.books+i.Amount.Minor, true
		}
	}
	for _, r := range f.Rows {
		e := at(r.RRN, r.Merchant)
		e.file, e.filed = e.file+r.Amount.Minor, true
	}
	var found []Case
	err := open(made.books, network, clearing, suspense)
	for _, rrn := range slices.Sorted(maps.Keys(entries)) {
		k, differs := o.held(now, f.Day, rrn, *entries[rrn])
		books := pay.CNY(entries[rrn].books)
		err = errors.Join(err, move(made.books, "scheme:"+f.Day+":"+rrn, network, clearing, books))
		if !differs {
			continue
		}
		err = errors.Join(err, move(made.books, "scheme:"+f.Day+":"+rrn+":open", network, suspense, pay.CNY(entries[rrn].file-entries[rrn].books)))
		made.cases = append(made.cases, k)
		if k.Decision == "" {
			found = append(found, k)
		}
	}
	if err != nil {
		return nil, err
	}
	o.note(now, trace.Decided, "reconciliation", fmt.Sprintf("the file of %s has %d rows; %d differ", f.Day, len(f.Rows), len(made.cases)))
	o.commit(made)
	return found, nil
}

// held compares both sides of an RRN: a new case, or one that was open and has ended since the other side has it too.
func (o *Office) held(now time.Time, day, rrn string, e entry) (k Case, differs bool) {
	o.consult("reconciliation")
	if o.Rules.Agree(e.file, e.books, e.filed, e.told) {
		return k, false
	}
	diff := e.file - e.books
	for _, number := range o.caseOrder {
		if was := o.cases[number]; was.RRN == rrn && was.Decision == "" && was.Open.Minor == -diff {
			was.Open, was.Decision, was.Ended = pay.CNY(0), CameLater, now
			return was, true
		}
	}
	k = Case{Number: fmt.Sprintf("C%s-%s", day, rrn), Day: day, RRN: rrn, Merchant: e.merchant, File: pay.CNY(e.file), Books: pay.CNY(e.books), Open: pay.CNY(diff), Kind: Differs}
	switch {
	case !e.told:
		k.Kind = Long
	case !e.filed:
		k.Kind = Short
	}
	return k, true
}

// agree tells that both sides say the same.
func agree(file, books int64, filed, told bool) bool { return file == books && filed == told }

// resolve ends a case by a decision of people.
func (o *Office) resolve(now time.Time, k Case, d Decision) error {
	left := k.Open
	k.Decision, k.Ended, k.Open = d, now, pay.CNY(0)
	if d == ToScheme {
		tx := o.books.Begin(now)
		if err := move(tx, k.Number+":scheme", network, suspense, left.Neg()); err != nil {
			return err
		}
		o.commit(change{cases: []Case{k}, books: tx})
		return nil
	}
	if err := o.besides(now, k.Merchant, k.Number, "difference", suspense, left); err != nil {
		return err
	}
	o.commit(change{cases: []Case{k}})
	return nil
}

// Cases lists the differences as they were found.
func (o *Office) Cases() []Case {
	list := make([]Case, len(o.caseOrder))
	for i, number := range o.caseOrder {
		list[i] = o.cases[number]
	}
	return list
}
