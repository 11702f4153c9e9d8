// Command tillproof proves a payment system before it reaches the till.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/reports"
)

func main() { os.Exit(run()) }

// run runs the command line and gives the exit code of DESIGN.md section 4.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	root := &cobra.Command{
		Use:           "tillproof",
		Short:         "Prove a payment system before it reaches the till",
		Long:          "Tillproof drives a payment system end to end, from the bytes on a card to the money in a ledger,\nchecks every step against written requirements, and shows the evidence.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(runCommand(), loadCommand(), workerCommand(), reportCommand(), calibrateCommand(), serveCommand(), recordCommand(), robotCommand(), selfcheckCommand(), exploreCommand(), decodeCommand(), doctorCommand(), demoCommand(), stepsCommand(),
		cardCommand(), payCommand())
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return reports.ExitHeld
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		return reports.ExitInterrupted
	}
	fmt.Fprintln(os.Stderr, "tillproof:", err)
	return reports.ExitBroken
}

// exitCode is an ending that has been reported already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }
