package card

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// stage is how far a payment is.
type stage int

const (
	selected stage = iota
	begun          // GET PROCESSING OPTIONS was answered
	online         // the first cryptogram was an ARQC
	ended
)

// proof is what is known of the issuer's answer.
type proof int

const (
	proofNone proof = iota
	proofRight
	proofWrong
)

// Payment is the selected application and what happens in it until the power goes or another one is selected.
type Payment struct {
	card   *Card
	app    *app
	state  *AppState
	before AppState // its flags when the payment began
	stage  stage
	fresh  emv.Data // objects that this payment has made

	pdol, cdol1, cdol2 []byte
	values             emv.Data // what the terminal has told

	first, second emv.CID
	firstMade     bool
	secondMade    bool
	kind          emv.CID // of the last cryptogram
	arqc          hsm.Cryptogram
	dynamic       []byte // the ICC dynamic number
	issuer        proof
	asked         bool // EXTERNAL AUTHENTICATE was tried
	verified      bool // a PIN was compared
	right         bool // and was right
	enciphered    bool // and came enciphered
	scripted      bool // a script has come
	signedDDA     bool
	signedCDA     bool
	overLimit     bool // an offline limit was reached
}

func (c *Card) newPayment(a int) *Payment {
	state := &c.state.Apps[c.image.life(a)]
	return &Payment{card: c, app: c.image.apps[a], state: state, before: *state, fresh: emv.Data{}, values: emv.Data{}}
}

// getProcessingOptions begins a payment: the transaction counter goes up before anything is answered (Book 3, 6.5.8). A
// contactless card of UnionPay's or Visa's kind makes its cryptogram here.
func (c *Card) getProcessingOptions(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	switch {
	case p == nil || p.stage != selected:
		return nil, emv.SW6985Conditions
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, emv.SW6A86Parameters
	}
	l, err := tlv.Parse(cmd.Data, tlv.Strict)
	if err != nil || len(l) != 1 || l[0].Tag != emv.Tag83CommandTemplate {
		return nil, emv.SW6A80Data
	}
	values, err := p.app.pdol.Split(l[0].Value)
	if err != nil {
		return nil, emv.SW6700Length
	}
	p.pdol = slices.Clone(l[0].Value)
	p.learn(values)
	if c.on == Contactless {
		c.consult("card/tap")
		if !c.rules.Tap(p) {
			return nil, emv.SW6985Conditions
		}
	}
	fast := p.app.Flow == FlowGPO && c.on == Contactless
	var ctq emv.CTQ
	if fast {
		var see bool
		c.consult("card/contactless-cvm")
		if ctq, see = c.rules.CVM(p); see {
			return nil, emv.SW6986SeePhone
		}
	}
	c.consult("card/atc")
	next, ok := c.rules.NextATC(p.state.ATC)
	if !ok {
		return nil, emv.SW6985Conditions
	}
	p.state.ATC = next
	p.stage = begun
	p.dynamic = c.draw(8)
	p.fresh[emv.Tag9F36ATC] = counter(next)
	if fast {
		return p.tap(ctq)
	}
	if p.app.Format2 || c.on == Contactless {
		b := tlv.Append(nil, emv.Tag82AIP, p.object(emv.Tag82AIP))
		return tlv.Append(nil, emv.Tag77ResponseFormat2, tlv.Append(b, emv.Tag94AFL, p.app.afl)), 0
	}
	return tlv.Append(nil, emv.Tag80ResponseFormat1, append(slices.Clone(p.object(emv.Tag82AIP)), p.app.afl...)), 0
}

// learn keeps what the terminal tells; a later list overrides an earlier one.
func (p *Payment) learn(values emv.Data) {
	for tag, v := range values {
		p.values[tag] = slices.Clone(v)
	}
}

// tap makes the whole contactless payment: the cryptogram, and for a payment that the terminal is to check by itself, the
// signature and the records (DOMAIN.md D.6).
func (p *Payment) tap(ctq emv.CTQ) ([]byte, emv.StatusWord) {
	ttq := emv.ParseTTQ(p.values[emv.Tag9F66TTQ])
	asked := emv.CID40TC
	if ttq&emv.TTQ2x80CryptogramOnline != 0 {
		asked = emv.CID80ARQC
	}
	p.stage = ended
	p.decide(asked)
	if p.kind == emv.CID80ARQC && ttq&emv.TTQ1x08OfflineOnly != 0 {
		p.kind, p.first = emv.CID00AAC, emv.CID00AAC
	}
	ctq |= emv.ParseCTQ(p.app.CTQ)
	p.fresh[emv.Tag9F6CCTQ] = ctq.Bytes()
	if sw := p.cryptogram(); sw != 0 {
		return nil, sw
	}
	order := []tlv.Tag{emv.Tag82AIP, emv.Tag94AFL, emv.Tag57Track2Equivalent, emv.Tag5F34PSN, emv.Tag9F10IAD, emv.Tag9F26AC, emv.Tag9F27CID,
		emv.Tag9F36ATC, emv.Tag9F4BSDAD, emv.Tag9F5DAvailableOffline, emv.Tag9F63ProductId, emv.Tag9F6CCTQ, emv.Tag9F6EFormFactor}
	if p.kind == emv.CID40TC || p.kind == emv.CID80ARQC && ttq&emv.TTQ1x01ODAForOnline != 0 {
		p.fresh[emv.Tag94AFL] = p.app.afl
		if sw := p.signFast(ctq); sw != 0 {
			return nil, sw
		}
		if p.app.objects[emv.Tag9F4BSDAD] != nil { // too long for the answer: it stands in a record
			order = slices.DeleteFunc(order, func(t tlv.Tag) bool { return t == emv.Tag9F4BSDAD })
		}
	} else {
		order = slices.DeleteFunc(order, func(t tlv.Tag) bool { return t == emv.Tag94AFL || t == emv.Tag9F4BSDAD })
	}
	if p.app.Risk.Offline {
		p.fresh[emv.Tag9F5DAvailableOffline] = p.available()
	}
	p.finish()
	p.card.consult("card/confirmed")
	p.card.confirmed = p.card.confirmed && !p.card.rules.ConfirmAgain
	var b []byte
	for _, tag := range order {
		if v := p.object(tag); v != nil {
			b = tlv.Append(b, tag, v)
		}
	}
	return tlv.Append(nil, emv.Tag77ResponseFormat2, b), 0
}

// signFast is fast DDA: the card's own data are a version, a number of its own and its qualifiers (DOMAIN.md D.4).
func (p *Payment) signFast(ctq emv.CTQ) emv.StatusWord {
	if p.app.CardKey == "" {
		return 0
	}
	own := append([]byte{0x01}, p.card.draw(4)...)
	own = append(own, ctq.Bytes()...)
	p.fresh[emv.Tag9F69CardAuthenticationData] = own
	format := signed95Fast
	if len(p.app.Fast) == 1 {
		format = p.app.Fast[0]
	}
	number := counter(p.state.ATC)
	body := append([]byte{format, hash01SHA1, byte(1 + len(number)), byte(len(number))}, number...)
	behind := slices.Concat(p.values[emv.Tag9F37UnpredictableNumber], p.values[emv.Tag9F02Amount], p.values[emv.Tag5F2ACurrency], own)
	return p.signed(body, behind)
}

// generateAC answers with the first cryptogram, or after an ARQC with the second (Book 3, 6.5.5).
func (c *Card) generateAC(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	switch {
	case p == nil || p.stage != begun && p.stage != online:
		return nil, emv.SW6985Conditions
	case cmd.P1&^(0xC0|emv.P1x10CDA) != 0 || cmd.P1&0xC0 == byte(emv.CIDC0RFU) || cmd.P2 != 0:
		return nil, emv.SW6A86Parameters
	}
	list := p.app.cdol1
	if p.stage == online {
		list = p.app.cdol2
	}
	values, err := list.Split(cmd.Data)
	if err != nil {
		return nil, emv.SW6700Length
	}
	asked := emv.CID(cmd.P1).Kind()
	if p.stage == online {
		if asked == emv.CID80ARQC {
			return nil, emv.SW6A86Parameters
		}
		p.cdol2 = slices.Clone(cmd.Data)
		p.learn(values)
		p.conclude(asked)
	} else {
		p.cdol1 = slices.Clone(cmd.Data)
		p.learn(values)
		p.decide(asked)
		p.stage = ended
		if p.kind == emv.CID80ARQC {
			p.stage = online
			p.state.Pending = c.on == Contact // contactless, nobody tells the card
		}
	}
	if sw := p.cryptogram(); sw != 0 {
		return nil, sw
	}
	if cmd.P1&emv.P1x10CDA != 0 && p.signs(asked) {
		if sw := p.combine(); sw != 0 {
			return nil, sw
		}
		p.finish()
		return p.template(emv.Tag9F27CID, emv.Tag9F36ATC, emv.Tag9F4BSDAD, emv.Tag9F10IAD), 0
	}
	p.finish()
	if p.app.Format2 || c.on == Contactless {
		return p.template(emv.Tag9F27CID, emv.Tag9F36ATC, emv.Tag9F26AC, emv.Tag9F10IAD), 0
	}
	b := slices.Concat(p.fresh[emv.Tag9F27CID], p.fresh[emv.Tag9F36ATC], p.fresh[emv.Tag9F26AC], p.fresh[emv.Tag9F10IAD])
	return tlv.Append(nil, emv.Tag80ResponseFormat1, b), 0
}

// signs tells whether a cryptogram that CDA is asked for gets its signature: a refusal where an approval was wanted gets none (Book 2,
// 6.6.1). One that was asked for does, as some terminals ask for nothing else and insist.
func (p *Payment) signs(asked emv.CID) bool {
	return (p.kind != emv.CID00AAC || asked == emv.CID00AAC) && emv.ParseAIP(p.object(emv.Tag82AIP))&emv.AIP1x01CDA != 0 && p.app.CardKey != ""
}

func (p *Payment) template(order ...tlv.Tag) []byte {
	return tlv.Append(nil, emv.Tag77ResponseFormat2, p.objects(order...))
}

func (p *Payment) objects(order ...tlv.Tag) (b []byte) {
	for _, tag := range order {
		if v := p.object(tag); v != nil {
			b = tlv.Append(b, tag, v)
		}
	}
	return b
}

// decide is card risk management and the kind of the first cryptogram.
func (p *Payment) decide(asked emv.CID) {
	wish := WishApprove
	for _, check := range p.card.rules.Risk {
		p.card.consult(check.Name)
		w := check.Ask(p)
		p.overLimit = p.overLimit || check.Limit && w != WishApprove
		wish = max(wish, w)
	}
	p.card.consult("card/first")
	p.first = p.card.rules.Kind(asked, wish)
	p.kind = p.first
}

// conclude is the kind of the second cryptogram. A card that was not asked by EXTERNAL AUTHENTICATE finds the issuer's
// proof in CDOL2.
func (p *Payment) conclude(asked emv.CID) {
	if data := p.values[emv.Tag91IssuerAuthenticationData]; !p.asked && p.app.cdol2.Has(emv.Tag91IssuerAuthenticationData) && !zero(data) {
		p.prove(data)
	}
	p.card.consult("card/second")
	p.second, p.secondMade = p.card.rules.Second(p, asked), true
	p.kind = p.second
	p.stage = ended
}

func zero(b []byte) bool { return !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) }

// finish writes what a payment leaves behind. It runs before the answer leaves.
func (p *Payment) finish() {
	if p.stage != ended {
		return
	}
	rules := p.card.rules
	if p.secondMade {
		p.state.Pending = false
	}
	if p.kind == emv.CID40TC {
		if p.first == emv.CID40TC || p.offlineAnswer() {
			p.card.consult("card/offline-count")
			rules.Offline(p)
		} else {
			p.card.consult("card/online-count")
			rules.Online(p)
		}
	}
	p.card.consult("card/log")
	if rules.Log(p) {
		p.log()
	}
}

// log puts the payment before the older ones; the log entry says how many are kept.
func (p *Payment) log() {
	keep := p.object(emv.Tag9F4DLogEntry)
	if len(keep) != 2 || len(p.app.log) == 0 {
		return
	}
	p.state.Log = append([][]byte{p.app.log.Build(p.fresh, p.values)}, p.state.Log...)
	p.state.Log = p.state.Log[:min(len(p.state.Log), int(keep[1]))]
}

// offlineAnswer tells that the terminal made the answer code itself: Y1, Z1, Y3 or Z3 (DOMAIN.md D.2).
func (p *Payment) offlineAnswer() bool {
	arc := p.values[emv.Tag8AARC]
	return len(arc) == 2 && (arc[0] == 'Y' || arc[0] == 'Z')
}

func (p *Payment) amount() int64 {
	n, _ := emv.Number(p.values[emv.Tag9F02Amount])
	return int64(n)
}

// overTotal tells that this payment would go over what may be spent without the issuer.
func (p *Payment) overTotal() bool {
	total := p.app.Risk.Total.Minor
	return total > 0 && p.state.Spent+p.amount() > total
}

// available is 9F5D: what may still be spent without the issuer.
func (p *Payment) available() []byte {
	if !p.app.Risk.Offline {
		return nil
	}
	return emv.N(uint64(max(0, p.app.Risk.Total.Minor-p.state.Spent)), 6)
}
