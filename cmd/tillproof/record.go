package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

// recordFlags are the flags of `tillproof record`.
type recordFlags struct {
	listen, to, out, dialect string
	remote                   bool
	cert, key                string // towards tills
	toTLS                    bool
	toCA, toName             string
	toCert, toKey            string
}

func recordCommand() *cobra.Command {
	var f recordFlags
	c := &cobra.Command{
		Use:   "record",
		Short: "Record what a terminal and a host say, without secrets, from between them",
		Long: "Sit between terminals and a host, pass the bytes on untouched, and write what crossed with its times: NDJSON or pcapng,\n" +
			"by the ending of the file's name. `tillproof decode` reads both, and a workload of `tillproof load` plays both again.\n\n" +
			"No card number reaches the file: in its place stands a token with the same first six digits and a check digit that fits,\n" +
			"the same for the same card within one recording. PIN blocks, keys, MACs and the rest of tracks are blank; a frame that cannot\n" +
			"be read in the dialect is kept as its length and hash. A file that is too slow or full loses the recording, never the payment.\n\n" +
			"It runs until it is told to stop (Ctrl-C, SIGTERM). Exit codes: 0 all that crossed is in the file, 2 it could not start, or\n" +
			"something was not recorded.",
		Example: "  tillproof record --listen 127.0.0.1:8590 --to 127.0.0.1:8583 --dialect unionpay-pos --out friday.pcapng\n" +
			"  tillproof record --remote --listen :5000 --to pos.example.test:5001 --to-tls --to-ca ca.pem --dialect mine.yaml --out friday.ndjson",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.record(cmd) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8590", "address that terminals call in the host's place")
	c.Flags().StringVar(&f.to, "to", "", "address of the host")
	c.Flags().StringVar(&f.out, "out", "", "file to write: .ndjson or .pcapng; one that is there already is not overwritten")
	c.Flags().StringVar(&f.dialect, "dialect", "", "shipped dialect or dialect file that they speak: by it secrets are known")
	c.Flags().BoolVar(&f.remote, "remote", false, "allow addresses that are not this machine's")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "speak TLS with terminals: certificate (PEM)")
	c.Flags().StringVar(&f.key, "tls-key", "", "and its key (PEM)")
	c.Flags().BoolVar(&f.toTLS, "to-tls", false, "speak TLS with the host")
	c.Flags().StringVar(&f.toCA, "to-ca", "", "the host's certificate authority (PEM; default: the system's)")
	c.Flags().StringVar(&f.toName, "to-name", "", "name in the host's certificate (default: that of --to)")
	c.Flags().StringVar(&f.toCert, "to-cert", "", "our certificate for the host (PEM)")
	c.Flags().StringVar(&f.toKey, "to-key", "", "and its key (PEM)")
	return c
}

// patience is how long the end waits for a slow file.
const patience = 10 * time.Second

func (f *recordFlags) record(cmd *cobra.Command) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if o.Out, err = captureWriter(f.out, file); err != nil {
		return err
	}
	o.Tell = func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), "tillproof:", line) }
	r, err := rig.Record(cmd.Context(), o)
	if err != nil {
		return errors.Join(err, os.Remove(f.out))
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "recording %s → %s, dialect %s, to %s (Ctrl-C ends it)\n", r.Address(), f.to, o.Dialect.Name, f.out)
	<-cmd.Context().Done()
	sum := r.Close(patience)
	fmt.Fprintf(out, "%s: %s\n", f.out, sum)
	if !sum.Whole() {
		return exitCode(reports.ExitBroken)
	}
	return nil
}

// options checks the flags before anything starts.
func (f *recordFlags) options() (o rig.RecorderOptions, err error) {
	for _, need := range []struct{ flag, value, what string }{{"--to", f.to, "which host?"}, {"--out", f.out, "which file?"},
		{"--dialect", f.dialect, "without it nobody knows where card numbers stand"}} {
		if need.value == "" {
			return o, fmt.Errorf("%s: %s", need.flag, need.what)
		}
	}
	if _, err := captureWriter(f.out, io.Discard); err != nil {
		return o, err
	}
	dialects, err := reports.Dialects(f.dialect)
	if err != nil {
		return o, err
	}
	o = rig.RecorderOptions{Listen: f.listen, Dialect: dialects[0], Remote: f.remote, Secret: make([]byte, 32), To: wire.Address{Addr: f.to, ConnectTimeout: 30 * time.Second}}
	if _, err := rand.Read(o.Secret); err != nil {
		return o, err
	}
	if f.cert != "" || f.key != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return o, fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	o.To.TLS, err = f.towardsHost()
	return o, err
}

func (f *recordFlags) towardsHost() (*tls.Config, error) {
	if !f.toTLS {
		if f.toCA != "" || f.toName != "" || f.toCert != "" || f.toKey != "" {
			return nil, errors.New("--to-ca, --to-name, --to-cert and --to-key are for TLS with the host: say --to-tls")
		}
		return nil, nil
	}
	config := &tls.Config{ServerName: f.toName, MinVersion: tls.VersionTLS12}
	if f.toCA != "" {
		pem, err := os.ReadFile(f.toCA)
		if err != nil {
			return nil, fmt.Errorf("--to-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--to-ca: %s holds no certificate in PEM", f.toCA)
		}
	}
	if f.toCert != "" || f.toKey != "" {
		pair, err := tls.LoadX509KeyPair(f.toCert, f.toKey)
		if err != nil {
			return nil, fmt.Errorf("--to-cert, --to-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// captureWriter gives the format that a file's name says.
func captureWriter(name string, w io.Writer) (capture.Writer, error) {
	switch filepath.Ext(name) {
	case ".ndjson":
		return capture.NewLines(w), nil
	case ".pcapng":
		return capture.NewPackets(w, "")
	}
	return nil, fmt.Errorf("--out %s: want a name that ends in .ndjson or .pcapng", name)
}
