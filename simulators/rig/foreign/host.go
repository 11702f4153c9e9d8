package main

import (
	"bytes"
	"cmp"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The fixed keys of all our terminals: test keys, as the profiles have them.
const (
	pinKey = "8A2C4E6F10325476BA98DCFE01234567"
	macKey = "C4E6F8A01B3D5F7092A4B6C8DAECFE10"
)

// ours are the terminals that hosts and switch know.
func ours(terminal string) bool { return terminal >= "10000001" && terminal <= "10000004" }

const merchant = "898320548160001"

// card is an account with the stripe that its bank wrote.
type card struct {
	track, pin, status string // status is the answer to whoever pays with it
	holds              int
	tries              int // wrong PINs in a row
}

// payment is a sale as it stands.
type payment struct {
	card   *card
	amount int
	batch  int
	gone   bool // voided or reversed
}

// host decides, for all its terminals, one message at a time.
type host struct {
	line     line
	mu       sync.Mutex
	cards    map[string]*card
	payments map[string]*payment // by terminal, trace number and day
	answered map[string]answered // by kind, terminal, trace number and day
	batches  map[string]int      // by terminal: how many have ended
	serials  map[string]string   // by terminal: of its last PIN
	rrn      int
}

// answered is a request with the answer that it got: it gets the same one again.
type answered struct{ asked, answer []byte }

func newHost(l line) *host {
	track := func(pan, rest string) string { return pan + "D" + rest }
	return &host{line: l, payments: map[string]*payment{}, batches: map[string]int{}, serials: map[string]string{}, answered: map[string]answered{}, cards: map[string]*card{
		"6200120018438862": {track: track("6200120018438862", "301212010000731"), pin: "246813", holds: 100_000_000},
		"6200120025830432": {track: track("6200120025830432", "301210110000418"), pin: "579135", holds: 100_000_000},
		"6200120040613573": {track: track("6200120040613573", "301210110000256"), status: "41"},
		"6200120058005142": {track: track("6200120058005142", "301210110000882"), status: "43"},
		"6200120065396716": {track: track("6200120065396716", "251210110000145"), status: "54"},
		"6200120072788285": {track: track("6200120072788285", "301210110000367"), status: "62"},
		"6200120097571427": {track: track("6200120097571427", "301210110000594"), holds: 100_000},
	}}
}

func (h *host) serve(conn net.Conn) { h.line.serve(conn, h.answer) }

// answer gives the answer to a message, nil to one that nobody can read or that is no request.
func (h *host) answer(body []byte) []byte {
	m, err := h.line.decode(body)
	if err != nil || len(m[0]) != 4 || strings.Contains("13579", m[0][2:3]) || m[11] == "" || m[41] == "" {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	day := h.day(m)
	key := m[0][:2] + m[41] + m[11] + day[:min(6, len(day))]
	before, again := h.answered[key]
	if again && m[0][1] != '2' && (bytes.Equal(before.asked, body) || m[0][3] == '1') {
		return before.answer
	}
	out := h.echo(m)
	code := "94" // a trace number pays once
	if !again || m[0][1] != '2' {
		code = h.decide(m, body)
	}
	if b := m[h.line.batch]; len(b) >= 6 {
		out[h.line.batch] = b[:6]
	}
	if m[0][1] == '8' && (m[70] == "001" || m[24] == "801") {
		out[h.line.batch] = fmt.Sprintf("%06d", h.batches[m[41]]%999999+1)
	}
	if code == "00" && m[0][1] != '8' && m[0][1] != '4' {
		out[38] = fmt.Sprintf("%06d", h.rrn%1000000)
	}
	if m[0][1] != '8' {
		out[37] = fmt.Sprintf("%012d", h.rrn)
	}
	out[39] = h.line.code(m, code)
	var mac func([]byte) []byte
	if h.line.mac && m[0][1] != '8' {
		mac = x919
	}
	frame, err := h.line.encode(out, mac)
	if err != nil {
		panic(err) // of our own making
	}
	if !again {
		h.answered[key] = answered{body, frame}
	}
	return frame
}

// echo begins the answer to m.
func (h *host) echo(m message) message {
	out := message{0: m[0][:2] + string(m[0][2]+1) + string(m[0][3]&^1)}
	for _, f := range []int{2, 3, 4, 7, 11, 12, 13, 23, 24, 25, 32, 41, 42, 49, 56, 70, 90} {
		if v, ok := m[f]; ok {
			out[f] = v
		}
	}
	now := time.Now().UTC().Add(8 * time.Hour)
	if h.line.of93 {
		if delete(out, 25); m[12] == "" || m[0][1] == '8' {
			out[12] = now.Format("060102150405")
		}
	} else if m[0][1] == '8' || m[12] == "" || m[13] == "" {
		out[12], out[13] = now.Format("150405"), now.Format("0102")
	}
	if m[0][1] == '8' {
		delete(out, 32)
	}
	return out
}

// day is what names a payment with its terminal and its trace number: the day of its transmission, in 1993 its local date and time.
func (h *host) day(m message) string {
	if h.line.of93 {
		return m[12]
	}
	return m[7][:min(4, len(m[7]))]
}

// original reads which payment m acts on.
func (h *host) original(m message) (trace, day string, ok bool) {
	switch {
	case h.line.of93 && len(m[56]) >= 22:
		return m[56][4:10], m[56][10:22], true
	case !h.line.of93 && len(m[90]) == 42:
		return m[90][4:10], m[90][10:14], true
	}
	return "", "", false
}

// code is the answer as this line has it. Those of 1993 have three digits, and accept reversals and network messages by others.
func (l line) code(m message, two string) string {
	if !l.of93 {
		return two
	}
	if two == "00" {
		return map[byte]string{'4': "400", '8': "800"}[m[0][1]] + map[byte]string{'2': "000"}[m[0][1]]
	}
	return cmp.Or(codes93[two], "909")
}

var codes93 = map[string]string{"01": "107", "03": "109", "04": "200", "05": "100", "12": "902", "13": "110", "14": "111", "25": "914", "30": "904", "41": "208", "43": "209", "51": "116",
	"54": "101", "55": "117", "57": "119", "59": "102", "61": "121", "62": "104", "64": "191", "65": "123", "75": "106", "91": "907", "94": "913",
	"96": "909", "97": "983"}

// decide gives the answer's code, in two digits.
func (h *host) decide(m message, body []byte) string {
	switch {
	case !ours(m[41]):
		return "97"
	case m[42] != merchant:
		return "03"
	}
	if m[0][1] == '8' {
		if m[70] == "002" || m[24] == "802" {
			h.batches[m[41]]++
		}
		return "00"
	}
	if h.line.mac && !bytes.Equal(body[len(body)-8:], x919(body[:len(body)-8])) {
		return "A0"
	}
	h.rrn++
	amount, err := strconv.Atoi(m[4])
	if err != nil || amount <= 0 {
		return "13"
	}
	switch m[0][1:3] + m[3] {
	case "20000000":
		return h.sale(m, amount)
	case "20200000":
		return h.undo(m, amount, "25")
	}
	if m[0][1:3] == "42" {
		return h.undo(m, amount, "00") // a payment that never was is reversed well
	}
	return "12"
}

func (h *host) sale(m message, amount int) string {
	c, code := h.card(m)
	if code != "" {
		return code
	}
	if amount > c.holds {
		return "51"
	}
	if amount/100 == 90 && amount%100 > 0 { // 90.05 is answered 05: how test hosts are made to decline
		return fmt.Sprintf("%02d", amount%100)
	}
	c.holds -= amount
	h.payments[m[41]+m[11]+h.day(m)] = &payment{card: c, amount: amount, batch: h.batches[m[41]]}
	return "00"
}

// undo gives a payment's money back, once; absent is the answer where there is no such payment.
func (h *host) undo(m message, amount int, absent string) string {
	trace, day, ok := h.original(m)
	if !ok {
		return "30"
	}
	p := h.payments[m[41]+trace+day]
	switch {
	case p == nil:
		return absent
	case p.gone, absent != "00" && p.batch != h.batches[m[41]]: // a void is for payments of the batch that is open
		return absent
	case p.amount != amount:
		return "64"
	}
	p.gone = true
	p.card.holds += amount
	return "00"
}

// card finds the account, and looks at stripe and PIN: "" when there is nothing to say against them.
func (h *host) card(m message) (*card, string) {
	track := strings.ReplaceAll(m[35], "=", "D")
	pan, _, _ := strings.Cut(cmp.Or(track, m[2]), "D")
	c, ok := h.cards[pan]
	switch {
	case !ok:
		return nil, "14"
	case track != "" && track != c.track:
		return nil, "59"
	case c.status != "":
		return nil, c.status
	case m[52] == "":
		return c, ""
	case c.tries >= 3:
		return nil, "75"
	case h.line.dukpt && !h.fresh(m):
		return nil, "63"
	case pinOf(m[52], pan, h.keyOf(m)) != c.pin:
		c.tries++
		return nil, "55"
	}
	c.tries = 0
	return c, ""
}

// fresh tells that a serial number came with the PIN, and is newer than all of that terminal before it.
func (h *host) fresh(m message) bool {
	if len(m[47]) != 10 || m[47] <= h.serials[m[41]] {
		return false
	}
	h.serials[m[41]] = m[47]
	return true
}

// keyOf is the PIN key: the fixed one, or the one of the message's serial number.
func (h *host) keyOf(m message) string {
	if !h.line.dukpt {
		return pinKey
	}
	return transactionKey(baseKey, []byte(m[47]))
}

func triple(key string) cipher.Block {
	k, err := hex.DecodeString(key + key[:16])
	if err != nil {
		panic(err) // a constant
	}
	block, err := des.NewTripleDESCipher(k)
	if err != nil {
		panic(err)
	}
	return block
}

// pinOf opens a PIN block of format 0 (ISO 9564-1).
func pinOf(block, pan, key string) string {
	out := make([]byte, 8)
	triple(key).Decrypt(out, []byte(block))
	with, _ := hex.DecodeString("0000" + pan[len(pan)-13:len(pan)-1])
	for i := range out {
		out[i] ^= with[i]
	}
	if n := int(out[0]); n >= 4 && n <= 12 {
		return hex.EncodeToString(out)[2 : 2+n]
	}
	return ""
}

// x919 is the MAC between a terminal and us.
func x919(data []byte) []byte { return macOf(macKey, data) }

// macOf is the retail MAC: a chain of single DES, its last block decrypted and encrypted again (ANSI X9.19).
func macOf(key string, data []byte) []byte {
	k, err := hex.DecodeString(key)
	if err != nil {
		panic(err)
	}
	left, errL := des.NewCipher(k[:8])
	right, errR := des.NewCipher(k[8:])
	if errL != nil || errR != nil {
		panic("the MAC key is too short")
	}
	sum := make([]byte, 8)
	for len(data) > 0 {
		for i, b := range data[:min(8, len(data))] {
			sum[i] ^= b
		}
		left.Encrypt(sum, sum)
		data = data[min(8, len(data)):]
	}
	right.Decrypt(sum, sum)
	left.Encrypt(sum, sum)
	return sum
}
