package rig

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// advice is who is to do what.
type advice struct {
	blame Blame
	text  string
}

// adviceOnFault is for a connection that could not be made. Where the profile's TLS section decides it, the remedy is there.
func adviceOnFault(f wire.Fault) advice {
	switch f {
	case wire.Refused:
		return advice{BlameHost, "nothing listens there: start the host, or correct address in the profile"}
	case wire.Timeout:
		return advice{BlameHost, "no one answers there: look for a firewall or a VPN, and check address in the profile"}
	case wire.Unreachable:
		return advice{BlameHost, "there is no way there: look at the network of this machine"}
	case wire.UnknownHost:
		return advice{BlameProfile, "correct the host name in address, or the name server of this machine"}
	case wire.TLSUnknown:
		return advice{BlameProfile, "set tls.ca to the authority that signed the host's certificate"}
	case wire.TLSName:
		return advice{BlameProfile, "set tls.server_name to the name in the host's certificate"}
	case wire.TLSPlain:
		return advice{BlameProfile, "take tls out of the profile, or give the address of the host's TLS port"}
	case wire.TLSRejected:
		return advice{BlameProfile, "set tls.certificate and tls.key to a client certificate that the host knows"}
	case wire.TLSClock:
		return advice{BlameHost, "renew the host's certificate, or set the clock of this machine"}
	}
	return advice{BlameHost, "the host ends connections at once: look into its log; if the profile has tls, does the host speak it at this port?"}
}

// adviceOnTrouble is for an exchange without an answer, by the word of its trouble.
func adviceOnTrouble(word string) advice {
	switch iso8583.Cause(word) {
	case iso8583.NoBytes:
		return advice{BlameHost, "the host takes the request and stays silent: is this its payment port, does it read this framing and TPDU, does it know the terminal?"}
	case iso8583.PartialFrame:
		return advice{BlameProfile, "the length says more than came: compare framing.length with the host, is it inclusive?"}
	case iso8583.BadFrame:
		return advice{BlameProfile, "the host frames its answers another way: correct framing in the dialect"}
	case iso8583.Undecodable:
		return advice{BlameProfile, "correct that field in the dialect; `tillproof decode` shows a capture of the line"}
	case iso8583.Unmatched:
		return advice{BlameProfile, "correct correlation in the dialect, or the terminal's numbers in the profile"}
	case iso8583.Unsendable:
		return advice{BlameProfile, "correct the dialect's lengths"}
	case "closed", "cut-mid-frame":
		return advice{BlameHost, "the host hangs up on the request: does it read this framing, does it know the terminal, does it want TLS or a client certificate?"}
	case "terminal-fault":
		return advice{BlameProfile, "the till could not make the request: correct the dialect or the terminal's numbers"}
	}
	return adviceOnFault(wire.Fault(word))
}

// adviceOnAnswer is for a request that the host declined. Codes that say that the host does not know what the profile tells it
// are the profile's matter (DOMAIN.md C).
func adviceOnAnswer(r iso8583.AnswerRule) advice {
	switch r.Code {
	case pay.Answer97UnknownTill:
		return advice{BlameProfile, "the host does not know this terminal: correct number and merchant in the profile, or have them registered"}
	case pay.Answer03BadMerchant:
		return advice{BlameProfile, "the host does not know this merchant, or has closed it: correct merchant in the profile, or have it registered"}
	case pay.Answer58NotPermittedTill:
		return advice{BlameProfile, "the host has this terminal disabled, or bound to another serial number or place: check serial in the profile"}
	case pay.Answer30Format, pay.Answer12Invalid, pay.Answer40NotSupported:
		return advice{BlameProfile, "the host cannot use the request: compare the dialect's transaction with its specification"}
	case pay.AnswerA0BadMAC, pay.Answer99PINTranslation:
		return advice{BlameProfile, "the keys of the two sides differ: compare the master key's KCV"}
	case pay.Answer94Duplicate:
		return advice{BlameProfile, "the trace number was used before: keep it from run to run with --state"}
	}
	if r.Category == iso8583.CategorySystem || r.Category == iso8583.CategoryRetry {
		return advice{BlameHost, "the host has a trouble of its own: try again later, or call it"}
	}
	return advice{BlameHost, "ask the host why it declines this terminal"}
}
