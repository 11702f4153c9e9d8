package terminal

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// codeDefects are those of payers' codes.
func codeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-reverses-without-code", "protocol", "leaves the payer's code out of the reversal of what it paid",
			"the reversal is made from a list of fields that was drawn up for cards",
			func(r *Rules) { r.Repeated = withoutElement(r.Repeated, iso8583.DeviceData) }),
		defect("terminal-long-device-length", "protocol", "writes lengths in F59 with three digits whatever the host wants",
			"the newer form is the only one that the programmer's host took",
			func(r *Rules) {
				r.DeviceText = func(_ *iso8583.Dialect, tag, value string) string {
					return fmt.Sprintf("%s%03d%s", tag, len(value), value)
				}
			}),
		defect("terminal-sends-any-wallet", "protocol", "sends the code of another wallet to a host that knows nothing of it",
			"the scanner gives digits, and the till looks at their number only",
			func(r *Rules) { r.Wallets = []qr.Scheme{qr.UnionPay, qr.WeChat, qr.Alipay, qr.DigitalRMB} }),
		defect("terminal-scans-for-ever", "resilience", "asks for a code that cannot be read again and again",
			"the scanner's own program loops until it reads something",
			func(r *Rules) { r.ScanTries = 1 << 30 }),
		defect("terminal-guesses-code", "security", "sends what it takes for a code when the picture cannot be read",
			"the last good reading is still in the buffer when the scanner gives up",
			func(r *Rules) {
				r.Scan = func(picture []byte) (string, bool) {
					if text, ok := qr.Scan(picture); ok {
						return text, true
					}
					return "6201000000000000000", true
				}
			}),
		defect("terminal-prints-full-code", "security", "prints the whole code of the payer on the slip",
			"it is no card number, so the rule for card numbers was not asked",
			func(r *Rules) { r.MaskCode = qr.PayerCode.Reveal }),
		defect("terminal-code-never-wants-pin", "security", "asks for no PIN beside a code, whatever the amount",
			"the phone has unlocked itself, which looked like enough",
			func(r *Rules) { r.CodePIN = func(pay.Amount, int64) bool { return false } }),
		defect("terminal-code-always-wants-pin", "protocol", "asks for a PIN beside every code",
			"a payment without a service code was always one that was typed",
			func(r *Rules) { r.CodePIN = func(pay.Amount, int64) bool { return true } }),
		defect("terminal-keeps-phone", "protocol", "tells the cashier to keep the card when a phone was scanned",
			"the prompts hang on the answer codes, and the codes were drawn up for cards",
			func(r *Rules) { r.CodeAnswer = func(a iso8583.AnswerRule) iso8583.AnswerRule { return a } }),
		defect("terminal-tips-codes", "money", "adds a tip to what was paid by code",
			"the tip is made from the slip, and the slip does not say what the phone has agreed to",
			func(r *Rules) { r.CodeTips = true }),
		defect("terminal-part-of-code", "money", "lets a part of a payment by code be approved",
			"one flag says what the terminal can do, and it is sent with every sale",
			func(r *Rules) { r.CodeParts = true }),
		defect("terminal-wants-card-of-code", "protocol", "asks for a card to give back what was paid by code",
			"a void and a refund begin with a card, and there was nothing else when they were written",
			func(r *Rules) { r.CodeAgain = false }),
		defect("terminal-codes-from-abroad", "settlement", "counts payments by code as those of cards from abroad",
			"what does not begin with 62 is foreign, and no card number does not begin with 62",
			func(r *Rules) { r.CodeAbroad = true }),
		defect("terminal-ends-without-scanner", "resilience", "gives the sale up when it has no scanner for the code",
			"a device that fails ends the order, and one that is not there fails",
			func(r *Rules) { r.CardInstead = false }),
		defect("terminal-mixes-codes-and-cards", "settlement", "counts payments by code among those by card on its slips",
			"the message is a sale's, and the slips are made by message",
			func(r *Rules) { r.CodeApart = func(payment) bool { return false } }),
	}
}
