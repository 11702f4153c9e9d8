package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillproof/tillproof/reports"
)

// maxInput bounds what decode takes, in bytes.
const maxInput = 128 << 20

func decodeCommand() *cobra.Command {
	var dialect, format string
	var dissector bool
	c := &cobra.Command{
		Use:   "decode [FILE]",
		Short: "Decode frames from hex, raw bytes or a capture to fields",
		Long: "Decode ISO 8583 frames to fields by name, masked: hex (one frame a line, or one stream, with or without length and\n" +
			"TPDU; spaces, 0x, labels and # comments are passed over), the bytes as they were on the line, pcap, pcapng and what\n" +
			"`tillproof record` wrote. Without FILE, or with -, it reads standard input. Bytes are counted behind the length of a frame.\n\n" +
			"--dissector writes the dialect as a dissector for Wireshark and tshark instead (Lua).\n\n" +
			"Exit codes: 0 every frame was read, 2 one could not be, or there was nothing to read.",
		Example: "  tillproof decode frames.txt\n  tillproof decode --format json traffic.pcapng\n" +
			"  echo 0800 2020000000C00012 ... | tillproof decode --dialect unionpay-pos\n" +
			"  tillproof decode --dissector --dialect unionpay-pos > unionpay-pos.lua",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dissector {
				return writeDissector(cmd, args, dialect)
			}
			name := "-"
			if len(args) == 1 {
				name = args[0]
			}
			return decode(cmd, name, dialect, format)
		},
	}
	c.Flags().StringVar(&dialect, "dialect", "", "shipped dialect or dialect file (default: guessed among the shipped ones)")
	c.Flags().BoolVar(&dissector, "dissector", false, "write a Wireshark dissector of --dialect: tshark -X lua_script:FILE")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

func writeDissector(cmd *cobra.Command, args []string, name string) error {
	if name == "" || len(args) > 0 {
		return errors.New("--dissector: name the dialect by --dialect, and give no file: there is nothing to decode")
	}
	dialects, err := reports.Dialects(name)
	if err != nil {
		return err
	}
	return dialects[0].WriteDissector(cmd.OutOrStdout())
}

func decode(cmd *cobra.Command, name, dialect, format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("--format %q: want text or json", format)
	}
	dialects, err := reports.Dialects(dialect)
	if err != nil {
		return err
	}
	input, err := inputOf(cmd, name)
	if err != nil {
		return err
	}
	d, err := reports.Decode(dialects, input)
	if err != nil {
		return err
	}
	write := d.WriteText
	if format == "json" {
		write = d.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	for _, f := range d.Faults {
		fmt.Fprintln(cmd.ErrOrStderr(), "tillproof:", f)
	}
	if len(d.Faults) > 0 {
		return exitCode(reports.ExitBroken)
	}
	return nil
}

// inputOf reads a file, or standard input for "-".
func inputOf(cmd *cobra.Command, name string) ([]byte, error) {
	source := cmd.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	} else if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprintln(cmd.ErrOrStderr(), "reading hex from the keyboard, up to an end of file (Ctrl-D)")
	}
	input, err := io.ReadAll(io.LimitReader(source, maxInput+1))
	if err == nil && len(input) > maxInput {
		err = fmt.Errorf("%s: more than %d MiB: cut it down to the frames that matter", name, maxInput>>20)
	}
	return input, err
}
