package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The keys between switch and issuer: test keys, as the profile has them.
const (
	zonePINKey = "2F4C6E8A10B3D5F7925476BA98DCFE31"
	zoneMACKey = "1C3B5A7988F6E4D2A1B3C5D7E9FB0D2F"
)

// zone is how the switch speaks to the issuer: text behind four digits of length, with a MAC.
var zone = line{digits: true, hexed: true, mac: true}

// patience is how long the issuer may take, and attempts how often it is told of a reversal.
const (
	patience = 2 * time.Second
	attempts = 5
)

// passage is a request that the switch has passed on, or meant to.
type passage struct {
	asked    message // what the issuer was asked
	amount   int
	batch    int
	approved bool
	gone     bool // voided or reversed
}

// exchange passes the tills' requests on to an issuer: another dialect, other keys, numbers of its own.
type exchange struct {
	till   line
	defect string // what it does wrong: approves, forgets, rounds, twice, untranslated

	mu       sync.Mutex
	issuer   net.Conn
	waiting  map[string]chan message // for the issuer, by trace number
	stan     int
	rrn      int
	passed   map[string]*passage // by terminal, trace number and day
	answered map[string]answered
	batches  map[string]int
}

func newExchange(defect string) *exchange {
	return &exchange{till: lines["packed"], defect: defect, waiting: map[string]chan message{}, passed: map[string]*passage{}, answered: map[string]answered{}, batches: map[string]int{}}
}

// reach keeps a line to the issuer: it dials, or lets the issuer dial in.
func (x *exchange) reach(dial string, door net.Listener) {
	for {
		var conn net.Conn
		var err error
		if door != nil {
			conn, err = door.Accept()
		} else {
			conn, err = net.Dial("tcp", dial)
		}
		if err != nil {
			<-time.After(50 * time.Millisecond) // nobody is there yet
			continue
		}
		x.mu.Lock()
		x.issuer = conn
		x.mu.Unlock()
		x.hear(conn)
	}
}

// hear takes the issuer's answers, and answers its sign-on, until the line ends.
func (x *exchange) hear(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		_, body, err := zone.read(r)
		if err != nil {
			return
		}
		m, err := zone.decode(body)
		if err != nil || len(m[0]) != 4 {
			continue
		}
		if m[0] == "0800" {
			m[0], m[39] = "0810", "00"
			x.tell(m)
			continue
		}
		if m[64] != "" || m[128] != "" {
			if !bytes.Equal(body[len(body)-16:], fmt.Appendf(nil, "%X", macOf(zoneMACKey, body[:len(body)-16]))) {
				continue
			}
		}
		x.mu.Lock()
		if answer := x.waiting[m[11]]; answer != nil {
			select {
			case answer <- m:
			default: // a second answer
			}
		}
		x.mu.Unlock()
	}
}

// tell sends the issuer a message, with its MAC if it is about money.
func (x *exchange) tell(m message) error {
	var mac func([]byte) []byte
	if m[0][1] != '8' {
		mac = func(b []byte) []byte { return macOf(zoneMACKey, b) }
	}
	body, err := zone.encode(m, mac)
	if err != nil {
		return err
	}
	x.mu.Lock()
	conn := x.issuer
	x.mu.Unlock()
	if conn == nil {
		return errors.New("the issuer is not there")
	}
	_, err = conn.Write(zone.frame(nil, body))
	return err
}

// ask sends a request under a trace number of the switch's, and waits for the answer: nil when none comes.
func (x *exchange) ask(m message) message {
	x.mu.Lock()
	x.stan = x.stan%999999 + 1
	m[11] = fmt.Sprintf("%06d", x.stan)
	answer := make(chan message, 1)
	x.waiting[m[11]] = answer
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		delete(x.waiting, m[11])
		x.mu.Unlock()
	}()
	if x.tell(m) != nil {
		return nil
	}
	select {
	case a := <-answer:
		return a
	case <-time.After(patience):
		return nil
	}
}

func (x *exchange) serve(conn net.Conn) { x.till.serve(conn, x.answer) }

// answer gives the answer to a till's message, nil to what is no request.
func (x *exchange) answer(body []byte) []byte {
	m, err := x.till.decode(body)
	if err != nil || len(m[0]) != 4 || strings.Contains("13579", m[0][2:3]) || m[11] == "" || m[41] == "" {
		return nil
	}
	h := host{line: x.till}
	name := m[41] + m[11] + h.day(m)
	key := m[0][:2] + name
	x.mu.Lock()
	before, again := x.answered[key]
	x.mu.Unlock()
	if again && m[0][1] != '2' && (bytes.Equal(before.asked, body) || m[0][3] == '1') {
		return before.answer
	}
	out := h.echo(m)
	code := "94" // a trace number pays once
	if !again || m[0][1] != '2' {
		code = x.decide(m, body, name, out)
	}
	out[39] = code
	x.mu.Lock()
	defer x.mu.Unlock()
	if b := m[48]; len(b) >= 6 {
		out[48] = b[:6]
	}
	var mac func([]byte) []byte
	if m[0][1] != '8' {
		mac = x919
	} else if m[70] == "001" {
		out[48] = fmt.Sprintf("%06d", x.batches[m[41]]%999999+1)
	}
	frame, err := x.till.encode(out, mac)
	if err != nil {
		panic(err) // of our own making
	}
	if !again {
		x.answered[key] = answered{body, frame}
	}
	return frame
}

func (x *exchange) decide(m message, body []byte, name string, out message) string {
	switch {
	case !ours(m[41]):
		return "97"
	case m[42] != merchant:
		return "03"
	}
	if m[0][1] == '8' {
		if m[70] == "002" {
			x.mu.Lock()
			x.batches[m[41]]++
			x.mu.Unlock()
		}
		return "00"
	}
	if !bytes.Equal(body[len(body)-8:], x919(body[:len(body)-8])) {
		return "A0"
	}
	amount, err := strconv.Atoi(m[4])
	if err != nil || amount <= 0 {
		return "13"
	}
	switch m[0][1:3] + m[3] {
	case "20000000":
		return x.pass(m, x.begin(m, amount), name, out)
	case "20200000":
		return x.void(m, amount, name, out)
	}
	if m[0][1:3] == "42" {
		return x.reverse(m, amount, out)
	}
	return "12"
}

// begin makes the request to the issuer.
func (x *exchange) begin(m message, amount int) *passage {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rrn++
	asked := message{0: m[0], 37: fmt.Sprintf("S%011d", x.rrn), 32: "48021000"}
	for _, f := range []int{2, 3, 4, 7, 12, 13, 14, 22, 23, 25, 26, 35, 41, 42, 49, 52, 55} {
		if v, ok := m[f]; ok {
			asked[f] = v
		}
	}
	asked[35] = strings.ReplaceAll(asked[35], "D", "=") // as text has it
	if asked[35] == "" {
		delete(asked, 35)
	}
	if m[52] != "" && x.defect != "untranslated" {
		pan, _, _ := strings.Cut(cmp.Or(strings.ReplaceAll(m[35], "=", "D"), m[2]), "D")
		if m[2] != "" {
			pan = m[2]
		}
		asked[52], asked[53] = pinBlock(pinOf(m[52], pan, pinKey), pan, zonePINKey), "2600000000000000"
	}
	if x.defect == "rounds" {
		asked[4] = fmt.Sprintf("%012d", (amount+100)/100*100)
	}
	return &passage{asked: asked, amount: amount, batch: x.batches[m[41]]}
}

// pass asks the issuer, and takes over what it says. What it has not answered is taken back.
func (x *exchange) pass(m message, p *passage, name string, out message) string {
	x.mu.Lock()
	if before := x.passed[name]; before != nil && before.gone {
		x.mu.Unlock()
		return "94" // its reversal has overtaken it on another line
	}
	x.passed[name] = p
	x.mu.Unlock()
	out[37] = p.asked[37]
	if x.defect == "approves" {
		p.approved, out[38] = true, "424242"
		return "00"
	}
	answer := x.ask(p.asked)
	if x.defect == "twice" {
		again := x.begin(m, p.amount)
		x.ask(again.asked)
	}
	if answer == nil {
		go x.undo(p)
		return "91"
	}
	if answer[38] != "" {
		out[38] = answer[38]
	}
	p.approved = answer[39] == "00"
	return answer[39]
}

// undo tells the issuer to take a payment back, until it has heard.
func (x *exchange) undo(p *passage) {
	m := message{0: "0420", 37: p.asked[37], 56: "98", 90: p.asked[0] + p.asked[11] + p.asked[13] + p.asked[12] + strings.Repeat("0", 22)}
	for _, f := range []int{2, 3, 4, 7, 12, 13, 25, 32, 41, 42, 49} {
		if v, ok := p.asked[f]; ok {
			m[f] = v
		}
	}
	for range attempts {
		if answer := x.ask(m); answer != nil && answer[39] == "00" {
			return
		}
	}
}

// original finds what a void or reversal acts on.
func (x *exchange) original(m message) (p *passage, ok bool) {
	name, ok := x.originalName(m)
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.passed[name], ok
}

func (x *exchange) originalName(m message) (name string, ok bool) {
	h := host{line: x.till}
	trace, day, ok := h.original(m)
	return m[41] + trace + day, ok
}

func (x *exchange) void(m message, amount int, name string, out message) string {
	o, ok := x.original(m)
	switch {
	case !ok:
		return "30"
	case o == nil, o.gone, !o.approved, o.batch != x.batchOf(m[41]):
		return "25"
	case o.amount != amount:
		return "64"
	}
	p := x.begin(m, amount)
	p.asked[63] = o.asked[37]
	p.asked[90] = o.asked[0] + o.asked[11] + o.asked[13] + o.asked[12] + strings.Repeat("0", 22)
	if p.asked[2] == "" && p.asked[35] == "" {
		p.asked[2], _, _ = strings.Cut(cmp.Or(strings.ReplaceAll(o.asked[35], "=", "D"), o.asked[2]), "D")
	}
	code := x.pass(m, p, name, out)
	o.gone = code == "00"
	return code
}

func (x *exchange) batchOf(terminal string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.batches[terminal]
}

func (x *exchange) reverse(m message, amount int, out message) string {
	name, ok := x.originalName(m)
	x.mu.Lock()
	o := x.passed[name]
	if ok && o == nil { // a payment that never was is reversed well, and may not come later
		x.passed[name] = &passage{gone: true}
	}
	x.mu.Unlock()
	switch {
	case !ok:
		return "30"
	case o == nil, o.asked == nil:
		return "00"
	case o.amount != amount:
		return "64"
	}
	out[37] = o.asked[37]
	if !o.gone && x.defect != "forgets" {
		x.undo(o)
	}
	o.gone = true
	return "00"
}

// pinBlock closes a PIN in a block of format 0 (ISO 9564-1).
func pinBlock(pin, pan, key string) string {
	block, err := hex.DecodeString(fmt.Sprintf("%02X%s%s", len(pin), pin, strings.Repeat("F", 14-len(pin))))
	with, wrong := hex.DecodeString("0000" + pan[len(pan)-13:len(pan)-1])
	if err != nil || wrong != nil {
		return ""
	}
	for i := range block {
		block[i] ^= with[i]
	}
	triple(key).Encrypt(block, block)
	return string(block)
}
