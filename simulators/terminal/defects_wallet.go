package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// walletDefects are those of payments by wallets' codes.
func walletDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-wallet-doubt-is-no", "money", "takes a payment of which the wallet is not sure, or says nothing, for refused",
			"every code but SUCCESS was an error in the wallet's first manual", func(r *Rules) {
				r.Wallet.Doubtful = func(result walletapi.Result) bool { return result == walletapi.Waiting }
			}),
		defect("terminal-wallet-waiting-is-no", "protocol", "gives up when the payer must type his password",
			"in the shop's tests nobody ever had to", func(r *Rules) {
				r.Wallet.Doubtful = func(result walletapi.Result) bool { return result != walletapi.Waiting && doubtful(result) }
			}),
		defect("terminal-wallet-never-cancels", "money", "gives up on a payer who does not answer, and leaves the order open",
			"the order closes by itself one day", func(r *Rules) { r.Wallet.CancelDoubt = false }),
		defect("terminal-wallet-skips-signature", "security", "believes answers that the wallet has not signed",
			"the line is encrypted, which looked like enough", func(r *Rules) { r.Wallet.Signed = false }),
		defect("terminal-wallet-believes-any-order", "money", "believes an answer about another order or amount",
			"one question is under way at a time, so the answer must be its own", func(r *Rules) {
				r.Wallet.Believe = func(*WalletPay, walletapi.Params) bool { return true }
			}),
		defect("terminal-wallet-forgets-debts", "money", "forgets a cancel or refund that nobody has acknowledged",
			"it was told to the cashier, who was to look into it", func(r *Rules) { r.Wallet.PayDebts = false }),
		defect("terminal-wallet-one-prompt", "protocol", "tells the cashier no more than that the wallet declined",
			"the codes are the wallet's own, and there are many", func(r *Rules) {
				r.Wallet.Prompt = func(walletapi.Result) string { return "WALLET_DECLINED" }
			}),
		defect("terminal-wallet-uncounted", "settlement", "leaves the wallets out of the slip of a settlement",
			"the acquirer does not settle them, so its batch has none", func(r *Rules) { r.Wallet.Apart = false }),
		defect("terminal-wallet-unlisted", "protocol", "knows nothing of payments by wallets' codes when the cashier asks for payments",
			"they stand in a table of their own", func(r *Rules) { r.Wallet.Listed = false }),
		defect("terminal-wallet-no-slip", "protocol", "prints no slip for a payment by a wallet's code",
			"the payer has it on his phone", func(r *Rules) { r.Wallet.Slip = false }),
	}
}
