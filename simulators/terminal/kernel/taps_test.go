package kernel

import (
	"bytes"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// tapped makes the base setting a quickPass tap of 10 CNY whose card wants the host.
func tapped(s *setting) {
	s.c.Contactless = true
	s.card.ppse, s.card.aip = true, emv.AIP1x20DDA
	s.card.pdol = unhex("9F6604 9F0206 9F0306 9F1A02 9505 5F2A02 9A03 9C01 9F3704")
	s.card.options = quickOptions("A0", "0000")
}

// quickOptions are what a quickPass card answers: CVR's first byte and its qualifiers.
func quickOptions(cvr, ctq string) emv.Data {
	return emv.Data{
		emv.Tag9F36ATC: {0, 9}, emv.Tag9F26AC: unhex("1122334455667788"), emv.Tag9F10IAD: unhex("07010103" + cvr + "200001"),
		emv.Tag57Track2Equivalent: unhex("6200123456789010D30122011234567F"), emv.Tag5F34PSN: {1}, emv.Tag9F6CCTQ: unhex(ctq),
	}
}

func ctq(bits string) func(*setting) {
	return func(s *setting) { s.card.options[emv.Tag9F6CCTQ] = unhex(bits) }
}

// offline makes the card approve by itself, with a signature of fDDA version 1.
func offline(s *setting) {
	s.card.options, s.card.fast = quickOptions("90", "0000"), 0x95
	s.card.options[emv.Tag94AFL] = unhex("08010401")
	s.card.data = emv.Data{emv.Tag5APAN: unhex(testPAN), emv.Tag5F24Expiry: unhex("301231"), emv.Tag9F4ASDATagList: {0x82}}
	delete(s.card.options, emv.Tag5F34PSN)
	related := unhex("01 AABBCCDD 0000 00")
	s.card.raw = func(c emv.Command) (emv.Response, bool) {
		if c.INS == emv.INSA8GetProcessing {
			number := c.Data[len(c.Data)-4:]
			amount, _ := emv.N12(s.c.Amount)
			copy(related[5:7], s.card.options[emv.Tag9F6CCTQ])
			signed := slices.Concat(number, amount, unhex("0156"), related)
			sdad := s.card.keys["icc"].seal([]byte{s.card.fast, 0x01, 0x03, 0x02, 0x12, 0x34}, nil, signed)
			if s.card.spoilDDA {
				sdad[40] ^= 1
			}
			s.card.options[emv.Tag9F4BSDAD], s.card.options[emv.Tag9F69CardAuthenticationData] = sdad, related
		}
		return emv.Response{}, false
	}
}

// generate makes the card one whose cryptogram comes at GENERATE AC.
func generate(s *setting) {
	s.card.name = unhex("A0000000041010")
	s.c.Apps[0].AID = s.card.name
	s.c.Keys[0].RID = unhex("A000000004")
	s.card.aip = emv.AIP1x20DDA | emv.AIP1x10CVM | emv.AIP1x08TerminalRisk | emv.AIP1x01CDA
	s.card.options, s.card.pdol = nil, nil
}

// visa makes the card one of another scheme that goes on as quickPass does.
func visa(s *setting) {
	s.card.name = unhex("A0000000031010")
	s.c.Apps[0].AID = s.card.name
}

func taps() []change {
	over := amount(150000) // over the CVM limit of 1000.00
	return []change{
		{"quickPass, the card wants the host", func(*setting) {}},
		{"quickPass, the host declines", answer("51", "")},
		{"quickPass, no host", unreached},
		{"quickPass, issuer data and scripts are not for the card", answer("00", arpc+"7203 860100")},
		{"quickPass, the card declines", func(s *setting) { s.card.options = quickOptions("80", "0000") }},
		{"quickPass, the card says so in 9F27", func(s *setting) { s.card.options[emv.Tag9F27CID] = []byte{0x80} }},
		{"quickPass, offline with fDDA", offline},
		{"quickPass, offline with fDDA in the format of DDA", all(offline, func(s *setting) { s.card.fast = 0x05 })},
		{"quickPass, offline, its qualifiers were not signed", all(offline, func(s *setting) {
			raw := s.card.raw
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				r, done := raw(c)
				if c.INS == emv.INSA8GetProcessing {
					s.card.options[emv.Tag9F6CCTQ] = unhex("0080")
				}
				return r, done
			}
		})},
		{"quickPass, the locator makes no sense", func(s *setting) { s.card.options[emv.Tag94AFL] = unhex("0801") }},
		{"quickPass, the merchant wants the host, the card approves", all(offline, func(s *setting) { s.c.ForceOnline = true })},
		{"quickPass, offline with a wrong signature", all(offline, func(s *setting) { s.card.spoilDDA = true })},
		{"quickPass, wrong signature, the card wants the host then", all(offline, ctq("2000"), func(s *setting) { s.card.spoilDDA = true })},
		{"quickPass, wrong signature, the card wants the slot then", all(offline, ctq("1000"), func(s *setting) { s.card.spoilDDA = true })},
		{"quickPass, offline, expired", all(offline, set(emv.Tag5F24Expiry, "260531"))},
		{"quickPass, offline, expired, the card wants the host then", all(offline, ctq("0800"), set(emv.Tag5F24Expiry, "260531"))},
		{"quickPass, offline, exception file", all(offline, func(s *setting) { s.c.Exceptions = map[pay.PAN]bool{pay.NewPAN(testPAN): true} })},
		{"quickPass, offline where the host was required", all(offline, amount(6000))},
		{"quickPass, over the contactless limit", amount(500000)},
		{"quickPass, over the CVM limit, online PIN", all(over, ctq("8000"))},
		{"quickPass, over the CVM limit, online PIN bypassed", all(over, ctq("8000"), pins(PIN{State: PINBypassed}))},
		{"quickPass, over the CVM limit, signature", all(over, ctq("4000"))},
		{"quickPass, over the CVM limit, verified on the phone", all(over, ctq("0080"))},
		{"quickPass, over the CVM limit, no verification", over},
		{"quickPass, at the no-PIN limit", all(over, ctq("8000"), func(s *setting) { s.c.NoPINLimit = 150000 })},
		{"quickPass, over the no-PIN limit", all(over, ctq("8000"), func(s *setting) { s.c.NoPINLimit = 149999 })},
		{"Visa-like, at the no-PIN limit of another scheme", all(visa, over, ctq("4000"), func(s *setting) { s.c.NoPINLimit = 150000 })},
		{"quickPass, below the CVM limit, the card would like a PIN", ctq("8000")},
		{"quickPass, the card wants the slot for cash", all(kind(TypeCash), func(s *setting) { s.card.options = quickOptions("80", "0400") })},
		{"quickPass, no cryptogram", func(s *setting) { delete(s.card.options, emv.Tag9F26AC) }},
		{"see the phone", refuse(emv.INSA8GetProcessing, emv.SW6986SeePhone)},
		{"the application is invalidated", refuse(emv.INSA8GetProcessing, emv.SW6984DataInvalidated)},
		{"conditions not satisfied", refuse(emv.INSA8GetProcessing, emv.SW6985Conditions)},
		{"no contactless directory", func(s *setting) { s.card.ppse = false }},
		{"another scheme's card in the field", func(s *setting) { s.card.name = unhex("A0000000031010") }},
		{"taken away too early", func(s *setting) { s.card.goneAt = 3 }},
		{"GENERATE AC flow, online with CDA", all(generate, amount(6000), cvm("4203 1E03 1F03"))},
		{"GENERATE AC flow, offline with CDA", all(generate, cvm("4203 1E03 1F03"))},
		{"GENERATE AC flow, wrong signature of an ARQC", all(generate, amount(6000), cvm("1F00"), func(s *setting) { s.card.spoilCDA = true })},
		{"GENERATE AC flow, over the CVM limit, online PIN", all(generate, over, cvm("4203 1E03 1F03"))},
		{"GENERATE AC flow, over the CVM limit, on the phone", all(generate, over, till(emv.Tag9F66TTQ, "26004080"), func(s *setting) { s.card.aip |= emv.AIP1x02OnDeviceCVM })},
		{"GENERATE AC flow, no host", all(generate, amount(6000), cvm("1F00"), unreached)},
		{"GENERATE AC flow, the card declines", all(generate, cvm("1F00"), acs(emv.CID00AAC))},
	}
}

// forbidden commands of quickPass: no external authenticate, no script, no cryptogram of its own (DOMAIN.md D.6).
func forbidden(seen []emv.Command) bool {
	return slices.ContainsFunc(seen, func(c emv.Command) bool {
		return bytes.IndexByte([]byte{emv.INS82ExternalAuth, emv.INSAEGenerateAC, emv.INS18ApplicationUnblock, emv.INS1EApplicationBlock}, c.INS) >= 0
	})
}
