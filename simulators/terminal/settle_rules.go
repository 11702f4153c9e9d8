package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// SettlementRules are what a terminal decides the end of a batch from (DOMAIN.md A.13), and the numbers and times that go over it.
type SettlementRules struct {
	Foreign    func(pay.PAN) bool                  // terminal/card-origin: where the card counts in the totals
	Balanced   func(iso8583.SettlementResult) bool // terminal/settlement-result
	BatchLimit func(iso8583.Switches) int          // terminal/batch-full: payments after which a settlement is due
	NextBatch  func(batch int) int                 // terminal/next-batch

	Rows        int                         // terminal/upload-rows: payments in one message of rows
	Single      map[pay.Flow]pay.Flow       // terminal/upload-single: what is uploaded in a message of its own, and as what
	End         func(balanced bool) string  // terminal/upload-end: network code of the end of the uploads
	ResumeFrom  func(acked int) int         // terminal/resume: the upload with which an interrupted settlement goes on
	SameAgain   bool                        // terminal/upload-repeat: the repeat of an upload is the same message
	UploadAgain bool                        // terminal/upload-again: a host that counted other uploads gets all of them once more
	LetGo       func(first bool) bool       // terminal/settlement-let-go: totals that the host has refused, at first or after an attempt that it may have heard, leave nothing half done
	Kept        bool                        // terminal/settlement-kept: that a settlement is half done stands in the journal
	Overtaken   bool                        // terminal/overtaken: a batch after which the host has begun another is settled
	SignsOut    func(iso8583.Switches) bool // terminal/sign-out: after a settlement
	PrintTotals bool                        // terminal/totals-slip

	NextTrace func(last int) int                                              // terminal/next-trace: one more; 000000 is never used (DOMAIN.md A.2, F11)
	HostTime  func(m *iso8583.Message, now time.Time) (at time.Time, ok bool) // terminal/host-time: what an answer's time and date mean
}

func settlementRules() SettlementRules {
	return SettlementRules{
		Foreign:    foreignCard,
		Balanced:   func(r iso8583.SettlementResult) bool { return r == iso8583.ResultBalanced },
		BatchLimit: func(s iso8583.Switches) int { return s.BatchLimit },
		NextBatch:  nextTrace,
		Rows:       iso8583.MaxBatchRows,
		Single: map[pay.Flow]pay.Flow{pay.Refund: pay.RefundUpload, pay.MOTORefund: pay.RefundUpload, pay.OfflineSale: pay.OfflineUpload,
			pay.CompletionAdvice: pay.CompletionUpload, pay.MOTOCompletionAdvice: pay.CompletionUpload},
		End:        uploadEnd,
		ResumeFrom: func(acked int) int { return acked },
		LetGo:      func(first bool) bool { return first },
		SameAgain:  true, UploadAgain: true, Kept: true, Overtaken: true, PrintTotals: true,
		NextTrace: nextTrace, HostTime: hostTime,
		SignsOut: func(s iso8583.Switches) bool { return s.SignOutAfterSettlement },
	}
}

// uploadEnd is 207 where the totals balanced, 202 where they did not (DOMAIN.md A.5.1).
func uploadEnd(balanced bool) string {
	if balanced {
		return "207"
	}
	return "202"
}

// settles takes a settlement a step on.
func (t *Terminal) settles(out *Actions, l *settleLine) {
	t.consult("terminal/settlement-kept")
	if t.Rules.Kept {
		t.write(out, l)
	} else {
		l.apply(t)
	}
}

// resume goes on with a settlement that was interrupted: from the last upload that the host has acknowledged.
func (t *Terminal) resume(now time.Time, out *Actions) {
	if s := t.settling; s != nil && s.stage == stageUploads {
		t.consult("terminal/resume")
		s.acked = t.Rules.ResumeFrom(s.acked)
	}
	t.settle(now, out)
}
