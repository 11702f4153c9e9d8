package emv

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Log reads what is said to one card, and what it answers, for people: objects by name, bits spelled out, nothing secret. It remembers
// the lists that the card sends, as the data of later commands has no tags. A command is told before its answer.
type Log struct {
	lists   Data // 9F38, 8C, 8D and 9F49, since the last selection
	first   bool // the first GENERATE AC was answered
	command Command
	held    []byte // of an answer that is fetched in parts (T=0)
}

// Command gives the objects of a command's data.
func (l *Log) Command(c Command) []trace.Field {
	if c.INS == INSC0GetResponse {
		return nil
	}
	l.command, l.held = c, nil
	switch {
	case len(c.Data) == 0:
		return nil
	case c.INS == INSA4Select:
		l.lists, l.first = Data{}, false
		return fields(tlv.Object{Tag: Tag84DFName, Value: c.Data})
	case c.INS == INSA8GetProcessing:
		template, err := tlv.Parse(c.Data, tlv.Tolerant)
		if err != nil || len(template) != 1 || template[0].Tag != Tag83CommandTemplate {
			return unread(c.Data)
		}
		return l.listed(Tag9F38PDOL, template[0].Value)
	case c.INS == INSAEGenerateAC:
		list := Tag8CCDOL1
		if l.first {
			list = Tag8DCDOL2
		}
		return l.listed(list, c.Data)
	case c.INS == INS88InternalAuth:
		return l.listed(Tag9F49DDOL, c.Data)
	case c.INS == INS82ExternalAuth:
		return fields(tlv.Object{Tag: Tag91IssuerAuthenticationData, Value: c.Data})
	}
	return unread(c.Data) // PINs, scripts
}

// listed names data by a list that the card has sent.
func (l *Log) listed(tag tlv.Tag, data []byte) []trace.Field {
	list, err := ParseDOL(l.lists[tag])
	if tag == Tag9F49DDOL && l.lists[tag] == nil {
		list, err = DOL{{Tag: Tag9F37UnpredictableNumber, Length: len(data)}}, nil // the terminal's own (Book 3, 10.3)
	}
	values, wrong := list.Split(data)
	if len(data) == 0 {
		return nil
	}
	if err != nil || wrong != nil || len(list) == 0 {
		return unread(data)
	}
	var objects []tlv.Object
	for _, e := range list {
		objects = append(objects, tlv.Object{Tag: e.Tag, Value: values[e.Tag]})
	}
	return fields(objects...)
}

// Response gives the objects of the answer to the last command.
func (l *Log) Response(r Response) []trace.Field {
	if _, again := r.SW.RightLe(); l.command.INS == INSAEGenerateAC && !again {
		l.first = true
	}
	l.held = append(l.held, r.Data...)
	if _, more := r.SW.More(); more || len(l.held) == 0 {
		return nil
	}
	data := l.held
	l.held = nil
	list, err := tlv.Parse(data, tlv.Tolerant)
	switch {
	case err != nil || len(list) != 1:
		return unread(data)
	case list[0].Tag == Tag80ResponseFormat1:
		return l.format1(list[0].Value)
	case !list[0].Tag.Constructed() && NameOf(list[0].Tag) == unknownTag: // a log entry may look like an object
		return unread(data)
	}
	var objects []tlv.Object
	for o := range list.All() {
		if !o.Tag.Constructed() {
			l.keep(o)
			objects = append(objects, o)
		}
	}
	return fields(objects...)
}

// keep remembers the lists.
func (l *Log) keep(o tlv.Object) {
	switch o.Tag {
	case Tag9F38PDOL, Tag8CCDOL1, Tag8DCDOL2, Tag9F49DDOL:
		if l.lists == nil {
			l.lists = Data{}
		}
		l.lists[o.Tag] = o.Value
	}
}

// format1 names the values of template 80, which have no tags (Book 3, 6.5.5.4, 6.5.8.4 and 6.5.9.4).
func (l *Log) format1(v []byte) []trace.Field {
	switch {
	case l.command.INS == INSA8GetProcessing && len(v) >= 2:
		return fields(tlv.Object{Tag: Tag82AIP, Value: v[:2]}, tlv.Object{Tag: Tag94AFL, Value: v[2:]})
	case l.command.INS == INSAEGenerateAC && len(v) >= 11:
		objects := []tlv.Object{{Tag: Tag9F27CID, Value: v[:1]}, {Tag: Tag9F36ATC, Value: v[1:3]}, {Tag: Tag9F26AC, Value: v[3:11]}}
		if len(v) > 11 {
			objects = append(objects, tlv.Object{Tag: Tag9F10IAD, Value: v[11:]})
		}
		return fields(objects...)
	case l.command.INS == INS88InternalAuth:
		return fields(tlv.Object{Tag: Tag9F4BSDAD, Value: v})
	}
	return unread(v)
}

func fields(objects ...tlv.Object) []trace.Field {
	told := make([]trace.Field, len(objects))
	for i, o := range objects {
		told[i] = trace.Field{ID: o.Tag.String(), Name: NameOf(o.Tag), Value: Shown(o.Tag, o.Value), Note: strings.Join(Words(o.Tag, o.Value), "; ")}
	}
	return told
}

func unread(data []byte) []trace.Field {
	return []trace.Field{{ID: "data", Name: "data", Value: fmt.Sprintf("(%d bytes)", len(data))}}
}
