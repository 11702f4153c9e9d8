package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulators/rig"
)

// seat starts the container that the profile has, or waits for its terminals. leave ends that.
func (f *runFlags) seat(cmd *cobra.Command, p *rig.Profile) (seated *rig.Profile, o *rig.Outside, leave func(), err error) {
	if f.out == "" {
		f.out = filepath.Join("runs", time.Now().Format("20060102-150405.000"))
	}
	switch {
	case f.dryRun || f.control != "" || f.line != rig.LineSocket:
		return p, nil, func() {}, nil
	case p.Seat == rig.SeatTerminal:
		o, leave, err = f.outside(cmd, p)
		return p, o, leave, err
	}
	seated, leave, err = seat(cmd.Context(), p, f.out)
	return seated, nil, leave, err
}

// outside waits for the terminals of a profile whose terminals are under test, with who stands at them.
func (f *runFlags) outside(cmd *cobra.Command, p *rig.Profile) (o *rig.Outside, leave func(), err error) {
	tell := func(line string) { fmt.Fprintln(os.Stderr, "tillproof:", line) }
	var prompter rig.Prompter
	end := func() {}
	switch {
	case p.Prompt.Web != "":
		page, err := rig.OpenPage(p.Prompt.Web)
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(os.Stderr, "what is to be done is told at http://%s/\n", page.Address())
		page.Name = f.judge
		prompter, end = page, page.Close
	case len(p.Prompt.Script) > 0:
		prompter = &rig.Script{Command: p.Prompt.Script, Dir: filepath.Dir(f.profile)}
	case p.Prompt.Robot != "":
		prompter = &rig.Robot{URL: p.Prompt.Robot}
	default:
		prompter = &rig.Console{Name: f.judge, In: cmd.InOrStdin(), Out: os.Stderr}
	}
	if o, err = rig.OpenOutside(p, prompter, tell); err != nil {
		end()
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "our acquirer waits for terminals at %s\n", o.Address())
	return o, func() { o.Close(); end() }, nil
}
