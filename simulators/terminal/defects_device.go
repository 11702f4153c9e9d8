package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// deviceDefects are those of what a till fetches from its host, and of what it tells of itself.
func deviceDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-ignores-download-request", "protocol", "fetches nothing when the host asks for it in the header",
			"downloads are a menu of the technician's, and nothing else starts them", func(r *Rules) {
				r.Requests = func(nibble byte) Request {
					if nibble == '3' {
						return RequestSignIn
					}
					return RequestNone
				}
			}),
		defect("terminal-takes-any-request-for-sign-in", "protocol", "signs in again whatever the header asks for",
			"the header's nibble is compared with zero", func(r *Rules) {
				r.Requests = func(nibble byte) Request {
					if nibble != '0' {
						return RequestSignIn
					}
					return RequestNone
				}
			}),
		defect("terminal-trades-before-download", "protocol", "fetches what the host has only after the next trade",
			"the customer was not to wait", func(r *Rules) { r.DownloadFirst = false }),
		defect("terminal-forgets-end", "protocol", "does not tell the host that it has fetched everything",
			"the data is there, so the work was done", func(r *Rules) { r.TellEnd = false }),
		defect("terminal-takes-half-download", "emv", "works with what an interrupted download has brought",
			"each item is written into the table in use as it comes", func(r *Rules) { r.WholeSets = false }),
		defect("terminal-starts-download-over", "resilience", "begins an interrupted download from its start",
			"the list is kept in RAM", func(r *Rules) { r.ResumeDownload = false }),
		defect("terminal-reads-first-part", "emv", "takes the first part of a list for the list",
			"the test host had nine applications", func(r *Rules) { r.ReadAllParts = false }),
		defect("terminal-skips-capk-check", "security", "takes a CA key without its check value",
			"the check value is stored with the key, and nobody computes it", func(r *Rules) { r.CheckCAPK = false }),
		defect("terminal-takes-expired-key", "security", "keeps CA keys whose last day is over",
			"the expiry is for the back office", func(r *Rules) { r.TakeExpired = true }),
		defect("terminal-keeps-withdrawn-keys", "security", "adds the CA keys that it fetches to those that it has",
			"a key more does no harm", func(r *Rules) { r.KeepWithdrawn = true }),
		defect("terminal-ignores-parameters", "protocol", "stores new parameters and goes on with the old",
			"the settings are read once, when the application starts", func(r *Rules) { r.UseSettings = false }),
		defect("terminal-keeps-old-version", "protocol", "fetches new software and never starts it",
			"the restart was left to the night, and the till is never switched off", func(r *Rules) { r.Restart = false }),
		defect("terminal-hides-broken-printer", "protocol", "says that its printer works whatever it does",
			"the printer's driver answers ready as long as it is powered", func(r *Rules) {
				r.Devices = func(t *Terminal) iso8583.TerminalParameters {
					all := devices(t)
					all[iso8583.Parameter04Printer] = "0"
					return all
				}
			}),
	}
}

// noticeDefects are those of what the host is told of a payment when it is over.
func noticeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-drops-signature-part", "protocol", "does not send the last part of a large signature",
			"the loop ends with the last whole part", func(r *Rules) {
				r.SignatureParts = func(picture []byte, size int) [][]byte {
					parts := signatureParts(picture, size)
					return parts[:max(len(parts)-1, min(len(parts), 1))]
				}
			}),
		defect("terminal-forgets-signature", "resilience", "keeps a signature that is not delivered in RAM",
			"the flash is small, and a picture is large", func(r *Rules) { r.KeepNotices = false }),
		defect("terminal-signs-ahead", "resilience", "sends the signature of an offline sale before the sale", "errands are run before the order, and the upload is a part of it",
			func(r *Rules) { r.AfterPayment = false }),
		defect("terminal-settles-before-signature", "protocol", "settles while signatures of the batch are still with it",
			"the upload is a task of the night", func(r *Rules) { r.NoticesFirst = false }),
		defect("terminal-needs-no-paper", "security", "prints no place to sign for a cardholder who did not sign on the pad",
			"the template of tills with a pad has none", func(r *Rules) { r.PaperSignature = false }),
		defect("terminal-puts-card-into-signature", "security", "sends the whole card number with the picture of a signature",
			"the slip's lines are sent as they stand in memory", func(r *Rules) {
				r.SignatureSlip = func(s iso8583.SignatureSlip, kept map[string]string) []byte {
					return tlv.Append(s.TLV(), 0xFF70, []byte(kept[iso8583.PAN.String()]))
				}
			}),
	}
}
