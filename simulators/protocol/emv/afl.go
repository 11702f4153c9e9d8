package emv

import "fmt"

// AFL is the application file locator: which records to read (Book 3, 10.2).
type AFL []AFLEntry

// AFLEntry is records First to Last of one file; the first ODA of them are signed.
type AFLEntry struct {
	SFI, First, Last, ODA byte
}

// ParseAFL reads entries of four bytes; anything that Book 3, 10.2 forbids is an error.
func ParseAFL(b []byte) (AFL, error) {
	if len(b) == 0 || len(b)%4 != 0 {
		return nil, fmt.Errorf("emv: AFL: want entries of 4 bytes, got %d bytes", len(b))
	}
	var a AFL
	for ; len(b) > 0; b = b[4:] {
		e := AFLEntry{b[0] >> 3, b[1], b[2], b[3]}
		switch {
		case b[0]&0x07 != 0 || e.SFI == 0 || e.SFI > 30:
			return nil, fmt.Errorf("emv: AFL: entry %d: %02X is no short file identifier", len(a)+1, b[0])
		case e.First == 0 || e.Last < e.First:
			return nil, fmt.Errorf("emv: AFL: entry %d: records %d to %d", len(a)+1, e.First, e.Last)
		case int(e.ODA) > int(e.Last)-int(e.First)+1:
			return nil, fmt.Errorf("emv: AFL: entry %d: %d signed records of %d", len(a)+1, e.ODA, int(e.Last)-int(e.First)+1)
		}
		a = append(a, e)
	}
	return a, nil
}

// Append writes the locator behind b.
func (a AFL) Append(b []byte) []byte {
	for _, e := range a {
		b = append(b, e.SFI<<3, e.First, e.Last, e.ODA)
	}
	return b
}
