package reports

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// aStory has one event of every kind, in a chapter that spells messages out and in a brief one.
func aStory() *Story {
	words := map[string]string{
		"story title": "A story", "story ending": "The end.", "sale title": "{0} pays", "sale opening": "She swipes.", "sale books": "The books:",
		"verb shown": "shows {0}", "verb printed": "prints {0}", "verb stored": "stores {0}", "verb decided": "decides {0}", "verb moved": "moves {0}",
		"verb injected": "spoils {0}", "verb message": "{0} of {1} bytes", "till shown READY": "It waits.", "sale till shown READY": "It is ready.",
		"checks acquirer": "It asks:", "check acquirer/mac": "is the MAC right?", "field F4": "money", "message sale": "Sale", "short title": "Again",
		"books of": "of", "books account": "account", "books before": "before", "books after": "after",
		"money balances": "{0} statements agree.", "money breaks": "WRONG {0}: {1}",
	}
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	frame := trace.NewFrame(make([]byte, 40), nil)
	fields := []trace.Field{{ID: "MTI", Name: "message type", Value: "0200", Note: "sale"}, {ID: "F4", Name: "amount", Value: "1000  "}}
	events := []trace.Event{
		{At: at, Party: "T1", Kind: trace.Shown, Name: "READY", Text: "Ready"},
		{At: at, Party: "T1", Kind: trace.Stored, Name: "till.pending"},
		{At: at, Party: "T1", Peer: "host", Kind: trace.Sent, Name: "sale", Fields: fields, Frame: frame},
		{At: at, Party: "host", Peer: "T1", Kind: trace.Received, Name: "sale", Fields: fields, Frame: frame},
		{At: at, Party: "acquirer", Kind: trace.Decided, Name: "issuer", Text: "yes"},
		{At: at, Party: "acquirer", Kind: trace.Moved, Name: "post", Text: "10.00 CNY"},
		{At: at, Party: "T1", Peer: "host", Kind: trace.Received, Name: "sale answer", Frame: trace.Opaque([]byte("x"))},
		{At: at, Party: "line", Kind: trace.Injected, Name: "lose", Text: "the answer"},
		{At: at, Party: "T1", Kind: trace.Printed, Name: "merchant", Text: "MERCHANT\n面馆\nTotal: 10.00\n"},
		{At: at, Party: "T1", Kind: trace.Printed, Name: "customer", Text: "CUSTOMER\n面馆\nTotal: 10.00\n"},
	}
	accounts := []Account{{"issuer", "Alice", "10.00 CNY", "0.00 CNY"}}
	return &Story{Cast: []string{"Alice"}, Chapters: []Chapter{
		{Name: "sale", Events: events, Checks: map[string][]string{"acquirer": {"acquirer/mac"}}, Accounts: accounts, Statements: 3},
		{Name: "short", Brief: true, Events: events[2:6], Accounts: accounts, Statements: 3, Breaks: []Break{{Rule: "books", Text: "one fen is gone"}}},
		{Name: "still", Brief: true, Events: events[:1], Accounts: accounts},
	}, Words: func(id string, args ...string) string {
		text := words[id]
		for i, a := range args {
			text = strings.ReplaceAll(text, "{"+string(rune('0'+i))+"}", a)
		}
		return text
	}}
}

func TestStoryGolden(t *testing.T) {
	var b strings.Builder
	if err := aStory().Write(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "story.txt", []byte(b.String()))
}

func TestStoryTellsOfABrokenWriter(t *testing.T) {
	if err := aStory().Write(brokenWriter{}); !errors.Is(err, errBrokenWriter) {
		t.Errorf("error %v", err)
	}
}

type brokenWriter struct{}

var errBrokenWriter = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBrokenWriter }
