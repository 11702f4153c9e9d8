package capture

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Record is bytes that crossed a connection together. As JSON it is one line of our own format, which is NDJSON: the records in the order
// in which they were seen, each on a line of its own, such as
//
//	{"at":"2026-06-01T09:30:00.25+08:00","connection":0,"from":"till","bytes":"003A600601..."}
//
// NewLines writes it. The bytes are those of the line, length prefixes and all, so that such a file is as secret as the traffic.
type Record struct {
	At         time.Time `json:"at"`
	Connection int       `json:"connection"` // any number, the same for both directions
	From       Side      `json:"from"`
	Bytes      Hex       `json:"bytes"`
	Lost       int       `json:"lost,omitempty"` // bytes before these that are not there; -1 when nobody knows how many
	Note       string    `json:"note,omitempty"` // what crossed here and was not kept, such as a frame that nobody could read
}

// Side is who sent bytes.
type Side string

// The sides: the till calls, the host is called.
const (
	Till Side = "till"
	Host Side = "host"
)

// Hex is bytes that are written in hex digits.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(b []byte) (err error) {
	if *h, err = hex.AppendDecode(nil, b); err != nil {
		err = errors.New("want hex digits in pairs") // and not a quotation of what may be a card number
	}
	return err
}

// longest is how long a line of NDJSON may be.
const longest = 1 << 20

// Read hands over the records of a file one by one: NDJSON, pcap or pcapng, the latter two gzipped or not. It holds no more than it needs to put
// connections together, so that a file may have any size. It ends with the first error, of the file or of each; that tells the line or packet.
func Read(r io.Reader, each func(Record) error) error {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if first, err := buffered.Peek(1); err == nil && first[0] == '{' {
		return readLines(buffered, each)
	}
	sides := [2]Side{Till, Host}
	c := &collector{opened: func(*connection) error { return nil }}
	c.chunk = func(number, side int, b Chunk) error {
		return each(Record{At: b.At, Connection: number, From: sides[side], Bytes: b.Bytes, Lost: b.Lost})
	}
	return c.read(buffered)
}

func readLines(r io.Reader, each func(Record) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longest)
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		record, err := readLine(lines.Bytes())
		if err == nil {
			err = each(record)
		}
		if err != nil {
			return fmt.Errorf("capture: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("capture: line %d: %w", n, err)
	}
	return nil
}

func readLine(line []byte) (r Record, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	switch err = d.Decode(&r); {
	case err == io.ErrUnexpectedEOF:
		return r, errors.New("the line is cut off")
	case err != nil:
		return r, err
	case d.More():
		return r, errors.New("there is more on the line than one record")
	case r.At.IsZero():
		return r, errors.New(`it has no time: want "at":"2026-06-01T09:30:00+08:00"`)
	case r.From != Till && r.From != Host:
		return r, errors.New(`from: want "till" or "host"`)
	case r.Lost < -1:
		return r, errors.New("lost: want a number of bytes, or -1")
	}
	return r, nil
}
