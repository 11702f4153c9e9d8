package kernel

import (
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// goOnline asks the host (Book 3, 10.9).
func goOnline(t *transaction) *Outcome {
	t.online = true
	t.host = t.ask(Need{Kind: NeedOnline, Data: t.data(), Outcome: t.told(Outcome{})}).Host
	if !t.host.Reached {
		return nil
	}
	t.arc(t.host.Answer)
	return nil
}

// hostApproves tells that the host's answer is an approval.
func (t *transaction) hostApproves() bool {
	t.consult("kernel/answer")
	return t.r.Approves(t.host.Answer)
}

// fromHost gives the objects of field 55 with a tag, in order. A field that makes no sense has none: the card decides without them.
func (t *transaction) fromHost(tag tlv.Tag) (found tlv.List) {
	list, err := tlv.Parse(t.host.Data, tlv.Tolerant)
	if err != nil {
		return nil
	}
	t.consult("kernel/host-data")
	for _, o := range t.r.HostData(list) {
		if o.Tag == tag {
			found = append(found, o)
		}
	}
	return found
}

// authenticateIssuer hands the card the issuer's cryptogram, or leaves it to CDOL2 (Book 3, 10.9).
func authenticateIssuer(t *transaction) *Outcome {
	for _, tag := range []tlv.Tag{emv.Tag91IssuerAuthenticationData, emv.Tag8AARC, emv.Tag89AuthorisationCode} {
		if o := t.fromHost(tag); len(o) > 0 && emv.CheckLength(tag, o[0].Value) == nil {
			t.own[tag] = o[0].Value
		}
	}
	data := t.own[emv.Tag91IssuerAuthenticationData]
	if data == nil || t.aip&emv.AIP1x04IssuerAuth == 0 {
		return nil
	}
	t.tsi |= emv.TSIx10IssuerAuth
	r, out := t.send(emv.ExternalAuthenticate(data))
	if out != nil {
		return out
	}
	if t.consult("kernel/proof"); t.r.ProofFails(r.SW) {
		t.tvr |= emv.TVR5x40IssuerAuthFailed
	}
	return nil
}

// scriptsBefore carries out the issuer's scripts that come before the last cryptogram (Book 3, 10.10).
func scriptsBefore(t *transaction) *Outcome {
	return t.runScripts(emv.Tag71IssuerScript1, emv.TVR5x20ScriptBefore)
}

// runScripts sends the commands of each script, up to the first that fails.
func (t *transaction) runScripts(tag tlv.Tag, failure emv.TVR) *Outcome {
	if t.consult("kernel/scripts-declined"); !t.r.ScriptsDeclined && !t.hostApproves() {
		return nil
	}
	for _, script := range t.fromHost(tag) {
		t.tsi |= emv.TSIx04Script
		result, out := t.runScript(script.Objects)
		if out != nil {
			return out
		}
		if result>>4 != scriptDone {
			t.tvr |= failure
		}
		var id [4]byte // zeros when it has none
		if o, ok := script.Objects.Find(emv.Tag9F18ScriptId); ok {
			copy(id[:], o.Value)
		}
		t.scripts = append(append(t.scripts, result), id[:]...)
		if t.consult("kernel/every-script"); result>>4 != scriptDone && !t.r.EveryScript {
			break
		}
	}
	return nil
}

// The results of a script, the high half of a byte; the low one is the command that failed (Book 4, annex A5).
const (
	scriptNotRun = 0
	scriptFailed = 1
	scriptDone   = 2
)

func (t *transaction) runScript(script tlv.List) (byte, *Outcome) {
	var commands []emv.Command
	for _, o := range script {
		if o.Tag == emv.Tag9F18ScriptId {
			continue
		}
		c, err := emv.ParseCommand(o.Value)
		if err != nil || o.Tag != emv.Tag86IssuerScriptCommand {
			return scriptNotRun << 4, nil
		}
		commands = append(commands, c)
	}
	for i, c := range commands {
		r, out := t.send(c)
		if out != nil {
			return 0, out
		}
		if t.consult("kernel/script"); t.r.ScriptFails(r.SW) {
			return scriptFailed<<4 | byte(min(i+1, 15)), nil
		}
	}
	return scriptDone << 4, nil
}

// complete asks for the last cryptogram and carries out the scripts behind it (Book 3, 10.10 and 10.11).
func complete(t *transaction) *Outcome {
	approved := t.host.Reached && t.hostApproves()
	if !t.host.Reached {
		t.consult("kernel/unable")
		if approved = t.r.Unable(t.line(), t.tvr, t.codes()); approved {
			t.arc(ARCY3UnableApproved)
		} else {
			t.arc(ARCZ3UnableDeclined)
		}
	}
	asked := emv.CID00AAC
	if approved {
		asked = emv.CID40TC
	}
	got, signed, out := t.generateAC(asked, emv.Tag8DCDOL2)
	if out != nil {
		return out
	}
	final := t.judge(got, signed)
	// What happens to the card from here on changes nothing of the decision.
	_ = t.runScripts(emv.Tag72IssuerScript2, emv.TVR5x10ScriptAfter)
	return final
}

// judge tells what the last cryptogram means.
func (t *transaction) judge(got emv.CID, signed bool) *Outcome {
	switch {
	case got == emv.CID40TC && signed && t.host.Reached:
		return t.end(Approved, "")
	case got == emv.CID40TC && signed:
		return t.end(ApprovedOffline, "the host was not reached")
	case !t.host.Reached:
		t.arc(ARCZ3UnableDeclined)
		return t.end(DeclinedOffline, "the host was not reached")
	case t.hostApproves():
		return t.end(Declined, "the card declines after the host's approval")
	}
	return t.end(Declined, "the host declines")
}
