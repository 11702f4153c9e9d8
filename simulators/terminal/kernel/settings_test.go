package kernel

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fewest settings that the table must hold.
const fewest = 80

type change struct {
	name string
	do   func(*setting)
}

// set changes one object of the card.
func set(tag tlv.Tag, value string) func(*setting) {
	return func(s *setting) { s.card.data[tag] = unhex(value) }
}

func lacks(tags ...tlv.Tag) func(*setting) {
	return func(s *setting) {
		for _, tag := range tags {
			delete(s.card.data, tag)
		}
	}
}

// till changes one object of the terminal; app one of its application.
func till(tag tlv.Tag, value string) func(*setting) {
	return func(s *setting) { s.c.Terminal[tag] = unhex(value) }
}

func app(tag tlv.Tag, value string) func(*setting) {
	return func(s *setting) { s.c.Apps[0].Data[tag] = unhex(value) }
}

func aip(a emv.AIP) func(*setting) { return func(s *setting) { s.card.aip = a } }

func cvm(rules string) func(*setting) {
	return set(emv.Tag8ECVMList, "000003E8 000007D0"+rules) // X is 10.00, Y is 20.00
}

func all(changes ...func(*setting)) func(*setting) {
	return func(s *setting) {
		for _, c := range changes {
			c(s)
		}
	}
}

func amount(fen int64) func(*setting) { return func(s *setting) { s.c.Amount = pay.CNY(fen) } }

func kind(b byte) func(*setting) { return func(s *setting) { s.c.Type = b } }

func pins(p ...PIN) func(*setting) { return func(s *setting) { s.pins = p } }

func wrong(digits string) PIN { return PIN{Clear: pay.NewSecret(digits)} }

// online makes the base setting ask the host.
func online(s *setting) { s.c.Amount = pay.CNY(5000) }

func answer(code, field55 string) func(*setting) {
	return func(s *setting) { s.host = Host{Reached: true, Answer: code, Data: unhex(field55)} }
}

func unreached(s *setting) { s.host = Host{} }

func refuse(ins byte, sw emv.StatusWord) func(*setting) {
	return func(s *setting) { s.card.refuse[ins] = sw }
}

func acs(kinds ...emv.CID) func(*setting) { return func(s *setting) { s.card.answers = kinds } }

const (
	common = emv.AIP1x10CVM | emv.AIP1x08TerminalRisk | emv.AIP1x04IssuerAuth
	arpc   = "910A 0102030405060708 3030"
)

func selections() []change {
	return []change{
		{"base", func(*setting) {}},
		{"no directory on the card", func(s *setting) { s.card.pse = false }},
		{"the directory's record makes no sense", func(s *setting) {
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return ok(unhex("6101FF")), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 5
			}
		}},
		{"the card is blocked", refuse(emv.INSA4Select, emv.SW6A81NotSupported)},
		{"another scheme's card", func(s *setting) { s.card.name = unhex("A0000000031010") }},
		{"exact names only", app(emv.TagDF01SelectionIndicator, "01")},
		{"the card wants a confirmation, nobody can give it", func(s *setting) { s.card.priority = 0x81 }},
		{"the cardholder confirms", func(s *setting) { s.card.priority, s.c.Choose = 0x81, true }},
		{"the cardholder does not confirm", func(s *setting) { s.card.priority, s.c.Choose, s.takes = 0x81, true, ChoseNone }},
		{"the application is blocked", func(s *setting) {
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return emv.Response{SW: emv.SW6283Invalidated}, c.INS == emv.INSA4Select && bytes.Equal(c.Data, s.card.name)
			}
		}},
		{"GET PROCESSING OPTIONS: conditions not satisfied", refuse(emv.INSA8GetProcessing, emv.SW6985Conditions)},
		{"the first application does not want to, the second does", func(s *setting) {
			second := unhex(testAID + "02")
			s.card.pse = false
			first := true
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				switch {
				case c.INS == emv.INSA4Select && c.P2 == emv.P2x02Next && first:
					first = false
					return ok(template(emv.Tag6FFCITemplate, template(emv.Tag84DFName, second))), true
				case c.INS == emv.INSA4Select && bytes.Equal(c.Data, second):
					return ok(template(emv.Tag6FFCITemplate, template(emv.Tag84DFName, second), template(emv.TagA5FCIProprietary))), true
				case c.INS == emv.INSA8GetProcessing && s.card.acs == 0:
					s.card.acs = 1
					return emv.Response{SW: emv.SW6985Conditions}, true
				}
				return emv.Response{}, false
			}
		}},
		{"the better application stands last, the other one answers that the card is blocked", func(s *setting) {
			worse := unhex(testAID + "02")
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				switch {
				case c.INS == emv.INSB2ReadRecord && c.P2>>3 == 5 && c.P1 == 1:
					entry := template(emv.Tag61ApplicationTemplate, template(emv.Tag4FADFName, worse), template(emv.Tag87Priority, []byte{2}))
					return ok(template(emv.Tag70RecordTemplate, entry, s.card.entry())), true
				case c.INS == emv.INSA4Select && bytes.Equal(c.Data, worse):
					return emv.Response{SW: emv.SW6A81NotSupported}, true
				}
				return emv.Response{}, false
			}
		}},
		{"T=0: answers are to be fetched, lengths are to be said", inT0},
		{"the card says what the amount is", all(set(emv.Tag9F02Amount, "000000000001"), func(s *setting) {
			s.card.raw = func(c emv.Command) (emv.Response, bool) { // what the card is told is what is paid
				return emv.Response{SW: emv.SW6985Conditions}, c.INS == emv.INSAEGenerateAC && !bytes.HasPrefix(c.Data, unhex("000000001000"))
			}
		})},
		{"the card wants to know where it is", func(s *setting) {
			s.card.pdol = unhex("9F1A02")
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return emv.Response{SW: emv.SW6985Conditions}, c.INS == emv.INSA8GetProcessing && !bytes.Equal(c.Data, unhex("8302 0156"))
			}
		}},
		{"GET PROCESSING OPTIONS: no format", func(s *setting) {
			s.card.raw = func(c emv.Command) (emv.Response, bool) { return ok(unhex("8201 00")), c.INS == emv.INSA8GetProcessing }
		}},
		{"GET PROCESSING OPTIONS: half a locator", func(s *setting) { s.card.afl = unhex("080104") }},
		{"the PDOL makes no sense", func(s *setting) { s.card.pdol = unhex("9F02") }},
		{"a locator without end", func(s *setting) {
			s.card.afl = bytes.Repeat([]byte{0x58, 0x01, 0xFF, 0x00}, 60)
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return ok(nil), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 11
			}
		}},
		{"a scheme's own file, not signed", func(s *setting) {
			s.card.afl = unhex("08010401 58010100")
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return ok([]byte("anything")), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 11
			}
		}},
		{"a scheme's own file, signed and no template", func(s *setting) {
			s.card.afl = unhex("08010401 58010101")
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return ok([]byte("anything")), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 11
			}
		}},
		{"GET PROCESSING OPTIONS fails", refuse(emv.INSA8GetProcessing, emv.SW6F00NoPreciseDiagnosis)},
		{"a record is missing", refuse(emv.INSB2ReadRecord, emv.SW6A83RecordNotFound)},
		{"the card number is missing", lacks(emv.Tag5APAN)},
		{"the expiry is missing", lacks(emv.Tag5F24Expiry)},
		{"CDOL1 is missing", lacks(emv.Tag8CCDOL1)},
		{"CDOL2 is missing", lacks(emv.Tag8DCDOL2)},
		{"the expiry is no date", set(emv.Tag5F24Expiry, "30123F")},
		{"the usage control is too long", set(emv.Tag9F07AUC, "FFC000")},
		{"the AIP twice", set(emv.Tag82AIP, "0000")},
		{"taken out while records are read", func(s *setting) { s.card.goneAt = 6 }},
	}
}

// strangers are cards as other people make them: each pays as the base card does.
func strangers() []change {
	return []change{
		{"00 and FF around records", otherwise(emv.INSB2ReadRecord, func(b []byte) []byte { return slices.Concat([]byte{0}, b, unhex("FF00")) })},
		{"00 and FF between what SELECT brings", otherwise(emv.INSA4Select, func(b []byte) []byte {
			return template(emv.Tag6FFCITemplate, unhex("00FF"), content(b), unhex("0000"))
		})},
		{"longer lengths than needed", otherwise(emv.INSB2ReadRecord, func(b []byte) []byte {
			inner := content(b)
			return slices.Concat([]byte{0x70, 0x82, byte(len(inner) >> 8), byte(len(inner))}, inner)
		})},
		{"GET PROCESSING OPTIONS in format 2", otherwise(emv.INSA8GetProcessing, func(b []byte) []byte {
			return template(emv.Tag77ResponseFormat2, template(emv.Tag82AIP, b[2:4]), template(emv.Tag94AFL, b[4:]))
		})},
		{"the data of a contactless stripe in the records", all(set(emv.Tag9F62DocumentType, "0000000E0000"), set(emv.Tag9F66TTQ, "07F0"),
			set(emv.Tag9F69CardAuthenticationData, "9F6A04"), set(emv.Tag9F51ApplicationCurrencyCard, "9F3704"))},
		{"tags of the issuer's own that a host uses otherwise", all(set(emv.TagDF20ContactlessLimit, "01"), set(emv.TagDF31ScriptResults, "2000000001"),
			set(0xDF8101, "00"))},
		{"lists that ask for nothing and for what nobody has", all(set(emv.Tag8CCDOL1, cdol1+"9F7C00 C104 DF2006 9F1203"), func(s *setting) { s.card.pdol = unhex("9F3500 DF6903") })},
		{"CDA: longer lengths than needed, and another order", all(aip(common|emv.AIP1x01CDA), func(s *setting) { s.card.long = true })},
		{"a scheme's own file in a template", func(s *setting) {
			s.card.afl = unhex("08010401 58010100")
			s.card.raw = func(c emv.Command) (emv.Response, bool) {
				return ok(template(emv.Tag70RecordTemplate, unhex("C1 01"), []byte{c.P1}, unhex("9F7D 00"))), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 11 && c.P1 == 1
			}
		}},
	}
}

// otherwise has a card's answers to one instruction say the same in other bytes.
func otherwise(ins byte, edit func([]byte) []byte) func(*setting) {
	return func(s *setting) {
		s.card.raw = func(c emv.Command) (emv.Response, bool) {
			raw := s.card.raw
			s.card.raw = nil
			r := s.card.answer(c)
			s.card.raw = raw
			if c.INS == ins && len(r.Data) > 0 {
				r.Data = edit(r.Data)
			}
			return r, true
		}
	}
}

// inT0 has the card keep what GET PROCESSING OPTIONS brings, and want the lengths of records.
func inT0(s *setting) {
	var kept []byte
	s.card.raw = func(c emv.Command) (emv.Response, bool) {
		switch {
		case c.INS == emv.INSC0GetResponse:
			return ok(kept), true
		case c.INS != emv.INSA8GetProcessing && (c.INS != emv.INSB2ReadRecord || c.Le != emv.Le00All):
			return emv.Response{}, false
		}
		raw := s.card.raw
		s.card.raw = nil
		r := s.card.answer(c)
		s.card.raw = raw
		if n := emv.StatusWord(len(r.Data)); c.INS == emv.INSB2ReadRecord && r.SW == emv.SW9000OK {
			return emv.Response{SW: 0x6C00 | n}, true
		} else if r.SW == emv.SW9000OK {
			kept = r.Data
			return emv.Response{SW: 0x6100 | n}, true
		}
		return r, true
	}
}

func authentications() []change {
	method := func(m emv.AIP) func(*setting) { return aip(common | m) }
	cdaTo := func(p func(*paper)) func(*setting) {
		return all(method(emv.AIP1x01CDA), func(s *setting) { p(s.card) })
	}
	return []change{
		{"no authentication", method(0)},
		{"the terminal cannot authenticate", till(emv.Tag9F33TerminalCapabilities, "E0F900")},
		{"SDA", method(emv.AIP1x40SDA)},
		{"SDA: wrong signature", all(method(emv.AIP1x40SDA), func(s *setting) { s.card.spoilSDA = true })},
		{"SDA: another tag list", all(method(emv.AIP1x40SDA), set(emv.Tag9F4ASDATagList, "825A"))},
		{"SDA: no tag list", all(method(emv.AIP1x40SDA), lacks(emv.Tag9F4ASDATagList))},
		{"DDA: wrong signature", func(s *setting) { s.card.spoilDDA = true }},
		{"DDA: unknown CA key", func(s *setting) { s.c.Keys = nil }},
		{"DDA: issuer certificate revoked", func(s *setting) { s.c.Revoked = []Revoked{{unhex("A000000333"), 0xF1, unhex("000001")}} }},
		{"DDA: certificates expired", func(s *setting) { s.c.Now = s.c.Now.AddDate(5, 0, 0) }},
		{"DDA: the card's DDOL lacks the number", set(emv.Tag9F49DDOL, "9F0206")},
		{"DDA: no DDOL on the card", lacks(emv.Tag9F49DDOL)},
		{"DDA: no DDOL anywhere", all(lacks(emv.Tag9F49DDOL), app(emv.TagDF14DefaultDDOL, ""))},
		{"DDA: INTERNAL AUTHENTICATE fails", refuse(emv.INS88InternalAuth, emv.SW6985Conditions)},
		{"DDA: the answer in template 77", func(s *setting) { s.card.format2 = true }},
		{"DDA: no remainder of the issuer's key", func(s *setting) {
			s.card.made = slices.Clone(s.card.records()) // those of other settings are the same ones
			s.card.made[1] = bytes.Replace(s.card.made[1], []byte{0x92, 36}, []byte{0xC2, 36}, 1)
		}},
		{"DDA: no issuer certificate", func(s *setting) { s.drop(2) }},
		{"DDA: no card certificate", func(s *setting) { s.drop(4) }},
		{"CDA offline", cdaTo(func(*paper) {})},
		{"CDA online", all(cdaTo(func(*paper) {}), online)},
		{"CDA: wrong signature of a TC", cdaTo(func(p *paper) { p.spoilCDA = true })},
		{"CDA: wrong signature of an ARQC", all(cdaTo(func(p *paper) { p.spoilCDA = true }), online)},
		{"CDA: unknown CA key", all(cdaTo(func(*paper) {}), func(s *setting) { s.c.Keys = nil })},
		{"CDA: the card declines", all(cdaTo(func(*paper) {}), acs(emv.CID00AAC))},
		{"CDA: the terminal declines", all(cdaTo(func(*paper) {}), kind(TypeCash), set(emv.Tag9F07AUC, "7FC0"))},
		{"CDA before DDA and SDA", method(emv.AIP1x01CDA | emv.AIP1x20DDA | emv.AIP1x40SDA)},
	}
}

// drop empties one of the card's records in file 1.
func (s *setting) drop(n byte) {
	s.card.raw = func(c emv.Command) (emv.Response, bool) {
		return ok(template(emv.Tag70RecordTemplate)), c.INS == emv.INSB2ReadRecord && c.P2>>3 == 1 && c.P1 == n
	}
}

func restrictions() []change {
	return []change{
		{"versions differ", set(emv.Tag9F08CardVersion, "0020")},
		{"the card has no version", lacks(emv.Tag9F08CardVersion)},
		{"expired", set(emv.Tag5F24Expiry, "260531")},
		{"expires today", set(emv.Tag5F24Expiry, "260601")},
		{"not yet effective", set(emv.Tag5F25Effective, "260602")},
		{"effective since the last century", set(emv.Tag5F25Effective, "991231")},
		{"no purchases at home", set(emv.Tag9F07AUC, "D7C0")},
		{"no purchases abroad, at home", set(emv.Tag9F07AUC, "EBC0")},
		{"no purchases abroad, abroad", all(set(emv.Tag9F07AUC, "EBC0"), till(emv.Tag9F1ATerminalCountry, "0344"))},
		{"for ATMs only", set(emv.Tag9F07AUC, "FEC0")},
		{"no cash", all(set(emv.Tag9F07AUC, "7FC0"), kind(TypeCash))},
		{"no cashback", all(set(emv.Tag9F07AUC, "FF40"), kind(TypeCashback))},
		{"usage control without the issuer's country", all(set(emv.Tag9F07AUC, "01C0"), lacks(emv.Tag5F28IssuerCountry))},
		{"no usage control", lacks(emv.Tag9F07AUC)},
	}
}

func verifications() []change {
	bypass := PIN{State: PINBypassed}
	return []change{
		{"the card knows no verification", aip(emv.AIP1x20DDA | emv.AIP1x08TerminalRisk)},
		{"no CVM list", lacks(emv.Tag8ECVMList)},
		{"a CVM list without rules", cvm("")},
		{"a CVM list with half a rule", cvm("41")},
		{"fail", cvm("0000")},
		{"fail, and go on", cvm("4000 1F00")},
		{"no verification", cvm("1F00")},
		{"no verification, which the terminal does not do", all(cvm("1F00"), till(emv.Tag9F33TerminalCapabilities, "E0F1C8"))},
		{"signature", cvm("1E00")},
		{"online PIN", cvm("0200")},
		{"online PIN, bypassed", all(cvm("0200"), pins(bypass))},
		{"online PIN, bypassed, then no verification", all(cvm("4200 1F00"), pins(bypass))},
		{"online PIN, bypassed, and no other PIN is asked for", all(cvm("4200 4100 0400"), pins(bypass))},
		{"online PIN, the pad is broken", all(cvm("4200 1E00"), pins(PIN{State: PINNoPad}))},
		{"online PIN, cancelled", all(cvm("0200"), pins(PIN{State: PINCancelled}))},
		{"online PIN, which the application has not", all(cvm("4200 1E00"), app(emv.TagDF18OnlinePINCapable, "00"))},
		{"online PIN at a terminal without one", all(cvm("0200"), till(emv.Tag9F33TerminalCapabilities, "E0B9C8"))},
		{"offline PIN, wrong once", pins(wrong("1111"))},
		{"offline PIN, wrong three times", all(cvm("0100"), pins(wrong("1111"), wrong("1112"), wrong("1113")))},
		{"offline PIN, no tries left", func(s *setting) { s.card.get[emv.Tag9F17PINTries] = []byte{0} }},
		{"offline PIN, tries not told", func(s *setting) { delete(s.card.get, emv.Tag9F17PINTries) }},
		{"offline PIN, already blocked", all(func(s *setting) { delete(s.card.get, emv.Tag9F17PINTries); s.card.tries = 0 })},
		{"offline PIN at a terminal without one", all(cvm("4100 1F00"), till(emv.Tag9F33TerminalCapabilities, "E069C8"))},
		{"offline PIN and signature", cvm("0300")},
		{"enciphered PIN", cvm("0400")},
		{"enciphered PIN under a key of its own", all(cvm("0400"), func(s *setting) { s.card.pinCert = true; s.card.afl = unhex("08010501") })},
		{"enciphered PIN, no key", all(cvm("0400"), func(s *setting) { s.c.Keys = nil })},
		{"enciphered PIN, wrong once", all(cvm("0400"), pins(wrong("1111")))},
		{"enciphered PIN without a challenge", all(cvm("0400"), refuse(emv.INS84GetChallenge, emv.SW6D00InstructionUnknown))},
		{"enciphered PIN and signature", cvm("0500")},
		{"VERIFY fails otherwise", refuse(emv.INS20Verify, emv.SW6D00InstructionUnknown)},
		{"a method nobody knows", cvm("0600")},
		{"a method nobody knows, then signature", cvm("4600 1E00")},
		{"a condition nobody knows", cvm("1E0A 1F00")},
		{"no rule applies", cvm("1E05 1F04")},
		{"under X", all(cvm("1F06 1E07"), amount(999))},
		{"over X", all(cvm("1F06 1E07"), amount(1001))},
		{"neither under nor over X", all(cvm("1F06 1E07"), amount(1000))},
		{"under Y", all(cvm("1F08 1E09"), amount(1999))},
		{"over Y", all(cvm("1F08 1E09"), amount(2001))},
		{"under X in another currency", all(cvm("1F06 1E00"), set(emv.Tag9F42ApplicationCurrency, "0344"), amount(1))},
		{"manual cash", all(cvm("1E04 1F00"), kind(TypeCash))},
		{"unattended cash", all(cvm("0101 1F00"), kind(TypeCash), till(emv.Tag9F35TerminalType, "25"))},
		{"neither cash nor cashback", all(cvm("1E02 1F00"))},
		{"cashback", all(cvm("1E05 1F00"), kind(TypeCashback))},
		{"ID document", all(cvm("2000"), set(emv.Tag9F62DocumentType, "00"), set(emv.Tag9F61Document, "313233"))},
		{"ID document, the card names none", cvm("2000")},
		{"ID document at a terminal without the means", all(cvm("6000 1F00"), till(emv.Tag9F33TerminalCapabilities, "E0F8C8"))},
	}
}

func risks() []change {
	counters := func(atc, last string) func(*setting) {
		return all(set(emv.Tag9F14LowerConsecutive, "02"), set(emv.Tag9F23UpperConsecutive, "04"), func(s *setting) {
			s.card.get[emv.Tag9F36ATC], s.card.get[emv.Tag9F13LastOnlineATC] = unhex(atc), unhex(last)
		})
	}
	return []change{
		{"at the floor limit", amount(5000)},
		{"below the floor limit", amount(4999)},
		{"split below the floor limit", func(s *setting) { s.c.Earlier = map[pay.PAN]int64{pay.NewPAN(testPAN): 4000} }},
		{"picked at random", app(emv.TagDF17RandomPercent, "01")},
		{"exception file", func(s *setting) { s.c.Exceptions = map[pay.PAN]bool{pay.NewPAN(testPAN): true} }},
		{"the merchant wants the host", func(s *setting) { s.c.ForceOnline = true }},
		{"the card wants no risk management", all(aip(emv.AIP1x20DDA|emv.AIP1x10CVM), amount(999999))},
		{"counters in order", counters("0009", "0007")},
		{"over the lower counter", counters("0009", "0006")},
		{"over the upper counter", counters("0009", "0004")},
		{"counters run backwards", counters("0009", "0009")},
		{"new card", counters("0001", "0000")},
		{"no counters to be had", all(counters("0009", "0007"), func(s *setting) { delete(s.card.get, emv.Tag9F13LastOnlineATC) })},
		{"one limit only", set(emv.Tag9F14LowerConsecutive, "00")},
	}
}

func decisions() []change {
	script := func(tag, sw string) func(*setting) {
		return all(online, func(s *setting) {
			s.host.Data = unhex(arpc + tag + "14 9F180411223344 860B 8418000006 AABBCCDDEEFF")
			s.card.refuse[emv.INS18ApplicationUnblock] = emv.StatusWord(unhex(sw)[0])<<8 | emv.StatusWord(unhex(sw)[1])
		})
	}
	return []change{
		{"the issuer declines by its code", all(set(emv.Tag9F0EIACDenial, "0000000000"), set(emv.Tag5F24Expiry, "260531"), app(emv.TagDF13TACDenial, "0040000000"))},
		{"a card without action codes", all(lacks(emv.Tag9F0DIACDefault, emv.Tag9F0EIACDenial, emv.Tag9F0FIACOnline), set(emv.Tag9F08CardVersion, "0020"))},
		{"online only", till(emv.Tag9F35TerminalType, "21")},
		{"online only, no host", all(till(emv.Tag9F35TerminalType, "21"), unreached)},
		{"offline only", till(emv.Tag9F35TerminalType, "23")},
		{"offline only, over the floor limit", all(till(emv.Tag9F35TerminalType, "23"), amount(5000))},
		{"the card declines a TC", acs(emv.CID00AAC)},
		{"the card wants the host for a TC", acs(emv.CID80ARQC)},
		{"the card answers more than was asked for", all(online, acs(emv.CID40TC))},
		{"the card answers a reserved cryptogram", acs(emv.CIDC0RFU)},
		{"the card does not allow the service", acs(emv.CID00AAC | emv.CIDx01NotAllowed)},
		{"GENERATE AC fails", refuse(emv.INSAEGenerateAC, emv.SW6985Conditions)},
		{"old list with a hash, default list", set(emv.Tag8CCDOL1, cdol1+"9814")},
		{"old list with a hash, the card's list", all(set(emv.Tag8CCDOL1, cdol1+"9814"), set(emv.Tag97TDOL, "9F0206"))},
		{"online, approved", all(online, answer("00", arpc))},
		{"online, approved without a proof", all(online, answer("00", ""))},
		{"online, approved, field 55 makes no sense", all(online, answer("00", "91FF"))},
		{"online, approved, wrong proof", all(online, answer("00", arpc), refuse(emv.INS82ExternalAuth, emv.SW6300AuthFailed))},
		{"online, approved, the proof goes with the last list", all(online, answer("00", arpc), aip(emv.AIP1x20DDA|emv.AIP1x10CVM|emv.AIP1x08TerminalRisk))},
		{"online, declined", all(online, answer("51", arpc))},
		{"online, approved with a note", all(online, answer("A4", arpc))},
		{"online, call the issuer", all(online, answer("01", arpc))},
		{"online, approved, the card declines", all(online, answer("00", arpc), acs(emv.CID80ARQC, emv.CID00AAC))},
		{"online, approved, the card asks again", all(online, answer("00", arpc), acs(emv.CID80ARQC, emv.CID80ARQC))},
		{"online, declined, the card approves", all(online, answer("51", arpc), acs(emv.CID80ARQC, emv.CID40TC))},
		{"no host, over the floor limit", all(online, unreached, app(emv.TagDF11TACDefault, "0000000000"), set(emv.Tag9F0DIACDefault, "0000000000"))},
		{"no host, the codes decline", all(online, unreached, set(emv.Tag9F0DIACDefault, "000000FF00"))},
		{"taken out before the last cryptogram", all(online, answer("00", arpc), func(s *setting) { s.card.goneAt = 15 })},
		{"script before, done", script("71", "9000")},
		{"script before, with a warning", script("71", "6300")},
		{"script before, failed", script("71", "6985")},
		{"script after, done", script("72", "9000")},
		{"script after, failed", script("72", "6988")},
		{"two scripts, the first one fails", all(online, refuse(emv.INS18ApplicationUnblock, emv.SW6985Conditions),
			answer("00", arpc+"7114 9F180411223344 860B 8418000006 AABBCCDDEEFF 7114 9F180411223345 860B 841E000006 AABBCCDDEEFF"))},
		{"declined, with a script", all(online, answer("51", arpc+"7214 9F180411223344 860B 841E000006 AABBCCDDEEFF"))},
		{"a script that holds something else", all(online, answer("00", arpc+"7103 500141"))},
		{"a tag that nobody knows ahead of the proof", all(online, answer("00", "DF7E015A"+arpc))},
		{"a script ahead of the proof", all(online, answer("00", "7214 9F180411223344 860B 841E000006 AABBCCDDEEFF"+arpc))},
	}
}

// groups are the settings of the table.
func groups() []struct {
	name    string
	changes []change
} {
	return []struct {
		name    string
		changes []change
	}{
		{"selection and data", selections()}, {"strangers' cards", strangers()}, {"offline data authentication", authentications()}, {"processing restrictions", restrictions()},
		{"cardholder verification", verifications()}, {"terminal risk management", risks()}, {"decisions", decisions()}, {contactless, taps()},
	}
}

const contactless = "contactless"

// TestDefects holds each defect to the table: it changes at least one line, so that it strikes and is noticed.
func TestDefects(t *testing.T) {
	honest, records := map[string]string{}, map[string][][]byte{}
	told := func(r *Rules, strike func(name, line string) bool) {
		for _, group := range groups() {
			for _, c := range group.changes {
				s := newSetting(t)
				s.c.Rules, s.card.shared = r, records
				if group.name == contactless {
					tapped(s)
				}
				c.do(s)
				if !strike(group.name+"/"+c.name, line(s.run(), s)) {
					return
				}
			}
		}
	}
	told(Reference(), func(name, line string) bool { honest[name] = line; return true })
	told(Reference(), func(name, line string) bool {
		if line != honest[name] {
			t.Fatalf("%s: without any defect\n%s and then\n%s", name, honest[name], line)
		}
		return true
	})
	for _, d := range Defects() {
		r, noticed := Reference(), ""
		d.Edit(r)
		told(r, func(name, line string) bool {
			if line != honest[name] {
				noticed = name
			}
			return noticed == ""
		})
		if noticed == "" {
			t.Errorf("%s: no setting notices it", d.Name)
		}
	}
}

// TestRulesAreConsulted: every entry that rules.go and the phases name is asked in some setting, by that name, and no other.
func TestRulesAreConsulted(t *testing.T) {
	named, asked := map[string]bool{}, map[string]bool{}
	for _, file := range []string{"rules.go", "contactless.go", "quick.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:// |\{")(kernel/[a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			named[m[1]] = true
		}
	}
	records := map[string][][]byte{}
	for _, group := range groups() {
		for _, c := range group.changes {
			s := newSetting(t)
			s.card.shared = records
			s.c.Consult = func(entry string) { asked[entry] = true }
			if group.name == contactless {
				tapped(s)
			}
			c.do(s)
			s.run()
		}
	}
	if !maps.Equal(named, asked) {
		t.Errorf("named and never asked: %v; asked and never named: %v", less(named, asked), less(asked, named))
	}
}

func less(a, b map[string]bool) (rest []string) {
	for name := range a {
		if !b[name] {
			rest = append(rest, name)
		}
	}
	return rest
}

// TestSettings holds the decisions bit by bit: what is written in testdata/settings.txt was looked at line by line.
func TestSettings(t *testing.T) {
	var b strings.Builder
	settings := 0
	for _, group := range groups() {
		fmt.Fprintf(&b, "# %s\n# TVR         TSI   9F34    cryptograms   ending (answer code), what else\n", group.name)
		for _, c := range group.changes {
			settings++
			s := newSetting(t)
			if group.name == contactless {
				tapped(s)
			}
			c.do(s)
			o := s.run()
			if strings.HasPrefix(c.name, "quickPass") && forbidden(s.card.seen) {
				t.Errorf("%s: a command that quickPass has not", c.name)
			}
			checkField55(t, c.name, s)
			fmt.Fprintf(&b, "%s\n  %s\n", c.name, line(o, s))
		}
		b.WriteByte('\n')
	}
	if settings < fewest {
		t.Errorf("%d settings, want at least %d", settings, fewest)
	}
	golden(t, "testdata/settings.txt", b.String())
}

// checkField55 holds what a host is asked with to the list of DOMAIN.md A.11.
func checkField55(t *testing.T, name string, s *setting) {
	t.Helper()
	for _, n := range s.asked {
		if n.Kind != NeedOnline {
			continue
		}
		field := Field55(UseRequest, n.Data)
		list, err := tlv.Parse(field, tlv.Strict)
		if err != nil || len(field) > 255 {
			t.Errorf("%s: field 55 of %d bytes: %v", name, len(field), err)
		}
		for _, tag := range []tlv.Tag{0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02, 0x5F2A, 0x82, 0x9F1A, 0x9F03, 0x9F33} {
			if _, ok := list.Find(tag); !ok {
				t.Errorf("%s: field 55 lacks %s", name, tag)
			}
		}
	}
}

func line(o Outcome, s *setting) string {
	kinds := make([]string, len(o.ACs))
	for i, c := range o.ACs {
		kinds[i] = c.String()
	}
	text := fmt.Sprintf("%X  %X  %X  %-12s  %s", o.TVR.Bytes(), o.TSI.Bytes(), o.CVM.Bytes(), strings.Join(kinds, " "), o.Ending)
	if o.ARC != "" {
		text += " (" + o.ARC + ")"
	}
	asked := 0
	for _, n := range s.asked {
		if n.Kind == NeedPIN {
			asked++
		}
	}
	for _, also := range []struct {
		said bool
		text string
	}{
		{o.Online, "host asked"}, {o.Reverse, "to be reversed"}, {o.Signature, "signature"}, {o.OnlinePIN, "online PIN"}, {o.OnDevice, "on device"},
		{asked > 0, fmt.Sprintf("PIN asked %d times", asked)}, {o.Data[emv.TagDF31ScriptResults] != nil, fmt.Sprintf("scripts %X", o.Data[emv.TagDF31ScriptResults])},
		{o.Why != "", o.Why},
	} {
		if also.said {
			text += "; " + also.text
		}
	}
	return text
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s line %d:\n got %s\nwant %s", file, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", file, len(g), len(w))
}
