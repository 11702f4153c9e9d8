package kernel

import (
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Use is what a field 55 is for (DOMAIN.md A.11).
type Use uint8

// The uses.
const (
	UseRequest  Use = iota // sale, pre-authorization, balance
	UseOffline             // an offline sale that is uploaded: with 8A
	UseReversal            // 0400
	UseScript              // script result, 0620
)

// Field55 gives the tags that a use carries, in the order of DOMAIN.md A.11, where the transaction has them.
func Field55(use Use, d emv.Data) []byte {
	var b []byte
	for _, tag := range tagsOf(use) {
		if v, ok := d[tag]; ok {
			b = tlv.Append(b, tag, v)
		}
	}
	return b
}

func tagsOf(use Use) []tlv.Tag {
	request := []tlv.Tag{emv.Tag9F26AC, emv.Tag9F27CID, emv.Tag9F10IAD, emv.Tag9F37UnpredictableNumber, emv.Tag9F36ATC, emv.Tag95TVR,
		emv.Tag9ADate, emv.Tag9CTransactionType, emv.Tag9F02Amount, emv.Tag5F2ACurrency, emv.Tag82AIP, emv.Tag9F1ATerminalCountry,
		emv.Tag9F03AmountOther, emv.Tag9F33TerminalCapabilities, emv.Tag9F34CVMResults, emv.Tag9F35TerminalType, emv.Tag9F1EIFDSerial,
		emv.Tag84DFName, emv.Tag9F09TerminalVersion, emv.Tag9F41SequenceCounter, emv.Tag9F63ProductId}
	switch use {
	case UseOffline:
		return append(request, emv.Tag9F74ECAuthCode, emv.Tag8AARC)
	case UseReversal:
		return []tlv.Tag{emv.Tag95TVR, emv.Tag9F1EIFDSerial, emv.Tag9F10IAD, emv.Tag9F36ATC, emv.TagDF31ScriptResults}
	case UseScript:
		return []tlv.Tag{emv.Tag9F33TerminalCapabilities, emv.Tag95TVR, emv.Tag9F37UnpredictableNumber, emv.Tag9F1EIFDSerial, emv.Tag9F10IAD,
			emv.Tag9F26AC, emv.Tag9F36ATC, emv.Tag82AIP, emv.TagDF31ScriptResults, emv.Tag9F1ATerminalCountry, emv.Tag9ADate}
	}
	return request
}
