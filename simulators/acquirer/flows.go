package acquirer

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// flows lists what is served. The checks stand in the order of DOMAIN.md A.14, but the MAC comes before the duplicate
// check, so that nobody without the key learns what was answered. A reversal names its batch, which may be an earlier one.
func flows() []Flow {
	known := []Check{{"system", systemWell}, {"format", wellFormed}, {"merchant", merchantKnown}, {"terminal", terminalKnown},
		{"enabled", terminalEnabled}, {"binding", terminalBound}}
	session := slices.Concat(known, []Check{{"session", signedIn}})
	trusted := slices.Concat(session, []Check{{"mac", macRight}})
	batch := slices.Concat(session, []Check{{"batch", batchAgrees}})
	unsettled, version := Check{"batch-open", batchOpen}, Check{"version", versionTaken}
	open := slices.Concat(batch, []Check{version, {"mac", macRight}, unsettled, {"duplicate", traceFresh}})
	told := slices.Concat(session, []Check{{"advice-batch", batchBegun}, version, {"mac", macRight}, {"advice-repeat", adviceRepeat}, unsettled, {"duplicate", traceFresh}})
	uploads := slices.Concat(batch, []Check{{"settling", settling}})
	money := []Check{{"amount", amountGiven}, {"currency", currencyTaken}, {"pin-present", pinPresent}, {"card", cardRead}}
	payment := slices.Concat(open, money, []Check{{"card-type", cardTaken}, {"blocked-card", notBlocked}, {"amount-limit", withinAmount}, {"count-limit", withinCount},
		{"risk", withinRisk}, {"pin", pinTranslated}})
	served := []Flow{
		{pay.SignIn, slices.Concat(known, []Check{{"maintenance", notInMaintenance}}), signIn},
		{pay.SignOut, slices.Concat(known, []Check{{"sign-out-batch", mayEndBatch}}), signOut},
		{pay.KeyChange, session, keyChange},
		{pay.Echo, known, echo},
		{pay.Balance, slices.Concat(open, []Check{{"currency", currencyGiven}, {"pin-present", pinPresent}, {"card", cardRead},
			{"card-type", cardTaken}, {"pin", pinTranslated}}), authorize},
	}
	onto := func(checks []Check, serve func(*Call), flows ...pay.Flow) {
		for _, f := range flows {
			served = append(served, Flow{f, checks, serve})
		}
	}
	pin, card := Check{"pin", pinTranslated}, Check{"original-card", originalCard}
	amount, stands := Check{"original-amount", originalAmount}, Check{"original-stands", originalStands}
	issuerKnows := Check{"issuer-told", issuerTold}
	window := Check{"authorization-window", authorizationInTime}
	void := slices.Concat(open, money, []Check{{"original", originalKnown(byTrace)}, {"original-day", originalToday}, card, amount, stands,
		{"original-whole", originalWhole}, issuerKnows, pin})
	amendment := slices.Concat(told, money, []Check{{"original", originalKnown(byTrace)}, card, stands, {"original-whole", originalWhole},
		issuerKnows, {"amendment", amendmentWithin}})
	refund := slices.Concat(told, money, []Check{{"original", originalKnown(byNumber)}, card, {"refund-window", refundInTime}, stands, issuerKnows,
		{"refund-total", refundWithin}})
	deposit := []Check{{"original", originalKnown(byAuthorization)}, card, window, stands}
	ceiling := Check{"completion-ceiling", completionWithin}
	onto(slices.Concat(payment, []Check{{"instalment-plan", planOffered}}), authorize, pay.Instalment)
	onto(payment, authorize, pay.Sale, pay.Recurring, pay.MOTOSale, pay.PreAuth, pay.MOTOPreAuth)
	onto(void, authorize, pay.Void, pay.InstalmentVoid, pay.RecurringVoid, pay.MOTOVoid, pay.CompletionVoid, pay.MOTOCompletionVoid)
	onto(refund, advise, pay.Refund, pay.MOTORefund)
	onto(slices.Concat(told, money, []Check{{"card-type", cardTaken}, {"blocked-card", notBlocked}}), advise, pay.OfflineSale)
	onto(amendment, advise, pay.Adjustment, pay.Tip)
	onto(slices.Concat(open, money, deposit, []Check{amount, pin}), authorize, pay.PreAuthVoid, pay.MOTOPreAuthVoid)
	onto(slices.Concat(open, money, deposit, []Check{ceiling, pin}), authorize, pay.Completion, pay.MOTOCompletion)
	onto(slices.Concat(told, money, deposit, []Check{ceiling}), advise, pay.CompletionAdvice, pay.MOTOCompletionAdvice)
	onto(slices.Concat(trusted, []Check{{"reversal-day", reversedToday}, {"reversal-amount", sameAmount}, {"reversal-code", sameCode}}), reversal, pay.Reversal, pay.ReversalRequest)
	onto(slices.Concat(batch, []Check{{"totals", totalsGiven}}), settle, pay.Settlement)
	onto(uploads, upload, pay.BatchUpload)
	onto(uploads, uploadOne, pay.RefundUpload, pay.CompletionUpload, pay.OfflineUpload)
	onto(slices.Concat(uploads, []Check{{"tc-code", tcFits}}), uploadOne, pay.TCUpload)
	onto(slices.Concat(session, []Check{{"end-repeat", endRepeat}, {"batch", batchAgrees}, {"settling", settling}, {"upload-count", uploadComplete}}),
		endUpload, pay.UploadEnd)
	return slices.Concat(served, device(session), notices(trusted))
}

// notices lists what a terminal tells of a payment when it is over.
func notices(trusted []Check) []Flow {
	return []Flow{
		{pay.ESignature, slices.Concat(trusted, []Check{{"signed-payment", signedPayment}}), takeSignature},
		{pay.ScriptResult, slices.Concat(trusted, []Check{{"script-original", scriptOriginal}}), takeScriptResults},
	}
}

// device lists what a terminal does for itself: it fetches what it works with, and tells how it is.
func device(session []Check) []Flow {
	return []Flow{
		{pay.StatusUpload, session, takeStatus},
		{pay.ParameterDownload, session, downloadWhole(Parameters)},
		{pay.ParameterEnd, session, endDownload(Parameters)},
		{pay.AIDQuery, session, list(AIDs)},
		{pay.AIDDownload, session, download(AIDs)},
		{pay.AIDEnd, session, endDownload(AIDs)},
		{pay.CAPKQuery, session, list(CAPKs)},
		{pay.CAPKDownload, session, download(CAPKs)},
		{pay.CAPKEnd, session, endDownload(CAPKs)},
		{pay.ContactlessDownload, session, downloadWhole(Contactless)},
		{pay.ContactlessEnd, session, endDownload(Contactless)},
	}
}
