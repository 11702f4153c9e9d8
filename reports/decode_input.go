package reports

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tillproof/tillproof/simulators/protocol/capture"
)

// layoutsOf gives the ways to cut an input into streams, the likeliest first.
func layoutsOf(input []byte) ([][]stream, error) {
	if isCapture(input) {
		streams, err := captured(input)
		return [][]stream{streams}, err
	}
	if bytes.HasPrefix(input, []byte(`{"at":`)) {
		streams, err := recorded(input)
		return [][]stream{streams}, err
	}
	raw := []stream{{bytes: input}}
	if len(bytes.TrimSpace(input)) == 0 {
		return nil, errors.New("there is nothing to decode: give hex, the bytes of frames, or a pcap file")
	}
	if !isText(input) {
		return [][]stream{raw}, nil
	}
	lines := readHex(string(input))
	if len(lines) == 0 {
		return nil, errors.New("there is nothing to decode: all lines are empty or comments")
	}
	layouts := [][]stream{byLine(lines)}
	if joined, ok := join(lines); ok {
		layouts = append(layouts, joined)
	}
	return append(layouts, raw), nil // frames in ASCII are text as well
}

// isCapture knows pcap in both byte orders with micro- and nanoseconds, pcapng and gzip by their first bytes.
func isCapture(input []byte) bool {
	for _, magic := range []string{"\xA1\xB2\xC3\xD4", "\xD4\xC3\xB2\xA1", "\xA1\xB2\x3C\x4D", "\x4D\x3C\xB2\xA1", "\x0A\x0D\x0D\x0A", "\x1F\x8B"} {
		if bytes.HasPrefix(input, []byte(magic)) {
			return true
		}
	}
	return false
}

// captured makes a stream of each direction of each connection, and a new one after bytes that the capture does not hold.
func captured(input []byte) ([]stream, error) {
	directions, err := capture.Streams(bytes.NewReader(input))
	if err != nil {
		return nil, err
	}
	var all []stream
	for _, d := range directions {
		s := stream{from: d.From.String(), to: d.To.String()}
		for _, c := range d.Chunks {
			if c.Lost != 0 && len(s.bytes) > 0 {
				all = append(all, s)
				s = stream{from: s.from, to: s.to, trouble: "bytes before this are missing from the capture"}
			}
			if c.Lost > 0 {
				s.trouble = fmt.Sprintf("%d bytes before this are missing from the capture", c.Lost)
			}
			s.bytes = append(s.bytes, c.Bytes...)
			s.arrivals = append(s.arrivals, arrival{len(s.bytes), c.At})
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, errors.New("capture: no TCP connection in it carries any bytes")
	}
	return all, nil
}

// recorded makes a stream of each direction of each connection of a capture in NDJSON, and of each note one that only says what is missing.
func recorded(input []byte) (all []stream, err error) {
	type side struct {
		connection int
		from       capture.Side
	}
	var streams []*stream
	latest := map[side]*stream{}
	begin := func(r capture.Record) *stream {
		s := &stream{from: fmt.Sprintf("till (connection %d)", r.Connection), to: "host"}
		if r.From == capture.Host {
			s.from, s.to = s.to, s.from
		}
		streams = append(streams, s)
		return s
	}
	err = capture.Read(bytes.NewReader(input), func(r capture.Record) error {
		key := side{r.Connection, r.From}
		if r.Note != "" {
			s := begin(r)
			s.trouble, s.arrivals = "not kept: "+r.Note, []arrival{{0, r.At}}
		}
		s := latest[key]
		if s == nil || r.Lost != 0 {
			s = begin(r)
			latest[key] = s
			if r.Lost != 0 {
				s.trouble = "bytes before this are missing from the capture"
			}
		}
		s.bytes = append(s.bytes, r.Bytes...)
		s.arrivals = append(s.arrivals, arrival{len(s.bytes), r.At})
		return nil
	})
	for _, s := range streams {
		if len(s.bytes) > 0 || s.trouble != "" {
			all = append(all, *s)
		}
	}
	if err == nil && len(all) == 0 {
		err = errors.New("capture: no record in it has any bytes")
	}
	return all, err
}

// isText tells UTF-8 without control characters other than those of lines.
func isText(input []byte) bool {
	return utf8.Valid(input) && !bytes.ContainsFunc(input, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7F })
}

// hexLine is a line that is neither empty nor a comment.
type hexLine struct {
	number int
	digits []byte // values 0 to 15
	why    string // what is wrong with it
}

// readHex reads lines of hex digits. Spaces and the marks , ; : - _ between digits are passed over, and so are 0x and \x
// before them, a comment behind # or //, and a label that ends in a colon and a space.
func readHex(text string) (lines []hexLine) {
	for i, line := range strings.Split(text, "\n") {
		if at := strings.IndexByte(line, '#'); at >= 0 {
			line = line[:at]
		}
		if at := strings.Index(line, "//"); at >= 0 {
			line = line[:at]
		}
		line = strings.TrimRight(line, " \t\r")
		start := strings.LastIndex(line, ": ") + 1
		if strings.HasSuffix(line, ":") {
			start = len(line)
		}
		l := hexLine{number: i + 1}
		l.digits, l.why = hexDigits(line, start)
		if len(l.digits) > 0 || l.why != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// hexDigits reads a line from a byte on. Columns count characters from 1.
func hexDigits(line string, start int) (digits []byte, why string) {
	column := utf8.RuneCountInString(line[:start])
	for i, r := range line[start:] {
		column++
		rest := line[start+i:]
		switch {
		case r >= '0' && r <= '9' && !hasFold(rest, "0x"):
			digits = append(digits, byte(r-'0'))
		case r|0x20 >= 'a' && r|0x20 <= 'f':
			digits = append(digits, byte(r|0x20-'a'+10))
		case hasFold(rest, "0x"), hasFold(rest, `\x`), strings.ContainsRune(" \t\r,;:-_", r):
		case (r == 'x' || r == 'X') && i > 0 && strings.ContainsRune(`0\`, rune(line[start+i-1])):
		default:
			return nil, fmt.Sprintf("column %d: %q is no hex digit", column, r)
		}
	}
	return digits, ""
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// byLine makes a stream of each line.
func byLine(lines []hexLine) []stream {
	all := make([]stream, len(lines))
	for i, l := range lines {
		if len(lines) > 1 {
			all[i].line = l.number
		}
		all[i].bytes, all[i].trouble = packed(l.digits), l.why
		if len(l.digits)%2 == 1 {
			all[i].bytes, all[i].trouble = nil, fmt.Sprintf("an odd number of hex digits (%d)", len(l.digits))
		}
	}
	return all
}

// join makes one stream of lines that were only wrapped.
func join(lines []hexLine) ([]stream, bool) {
	var digits []byte
	for _, l := range lines {
		digits = append(digits, l.digits...)
	}
	broken := slices.ContainsFunc(lines, func(l hexLine) bool { return l.why != "" })
	return []stream{{bytes: packed(digits)}}, len(lines) > 1 && !broken && len(digits)%2 == 0
}

func packed(digits []byte) []byte {
	b := make([]byte, len(digits)/2)
	for i := range b {
		b[i] = digits[2*i]<<4 | digits[2*i+1]
	}
	return b
}
