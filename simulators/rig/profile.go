package rig

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Profile names the system under test: where it is, how it speaks, which terminals, keys and cards it knows, and what it
// claims to do. It is checked whole before anything starts.
type Profile struct {
	Name       string             `yaml:"name"`
	Seat       string             `yaml:"seat"`    // embedded (default), remote, container, terminal or switch
	Dialect    string             `yaml:"dialect"` // a shipped name or the path of a dialect file
	Address    string             `yaml:"address"` // remote, switch: host:port; terminal: where our acquirer waits for it
	Listen     string             `yaml:"listen"`  // remote, switch: in place of address, where a host dials in that calls its terminals
	Remote     bool               `yaml:"remote"`  // allows an address that is not loopback
	Container  *ProfileContainer  `yaml:"container"`
	Prompt     *ProfilePrompt     `yaml:"prompt"` // terminal: who stands at it
	Issuer     *ProfileIssuer     `yaml:"issuer"` // switch: ours, behind it
	TLS        *TLSFiles          `yaml:"tls"`
	Metrics    *MetricsDoor       `yaml:"metrics"` // where the host tells of itself, for load
	Connection iso8583.Connection `yaml:"connection"`
	Timers     map[string]string  `yaml:"timers"`
	Switches   map[string]string  `yaml:"switches"`
	Claims     []string           `yaml:"claims"`    // topics of the features it does; empty claims all
	Disclaims  []string           `yaml:"disclaims"` // features (topic/file) and requirements (REV-001) of them that it does not do
	Production []string           `yaml:"production_kcvs"`
	ChipKeys   bool               `yaml:"chip_keys"` // the host knows the test keys that our chips are made with: it verifies their cryptograms
	CVK        *ProfileKey        `yaml:"cvk"`       // writes and checks the stripes of cards without track_2
	KBPK       *ProfileKey        `yaml:"kbpk"`      // protects the keys that come in blocks
	Terminals  []ProfileTerminal  `yaml:"terminals"`
	Cards      []ProfileCard      `yaml:"cards"`
	Pool       []ProfileSet       `yaml:"pool"`     // more terminals and cards, so that scenarios run at once
	Outcomes   []ProfileOutcome   `yaml:"outcomes"` // what makes a remote host answer so

	file    settings.File
	dialect *iso8583.Dialect
	tls     *tls.Config
}

// MetricsDoor is an endpoint in Prometheus' text format, and the names of what a report shows of it.
type MetricsDoor struct {
	URL  string   `yaml:"url"`
	Show []string `yaml:"show"`
}

// TLSFiles are PEM files, looked for beside the profile.
type TLSFiles struct {
	CA          string `yaml:"ca"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ServerName  string `yaml:"server_name"`
}

// ProfileTerminal is a terminal that the host knows, under the name that features use.
type ProfileTerminal struct {
	Label    string     `yaml:"label"` // T1
	Number   string     `yaml:"number"`
	Merchant string     `yaml:"merchant"`
	Name     string     `yaml:"merchant_name"`
	Serial   string     `yaml:"serial"`
	TMK      ProfileKey `yaml:"tmk"` // under which a sign-in brings the working keys
	PIK      ProfileKey `yaml:"pik"` // fixed, where the dialect's security has `keys: none`: for PINs
	MAK      ProfileKey `yaml:"mak"` // ... and for MACs

	DUKPT *ProfileDUKPT `yaml:"dukpt"` // in place of pik: a key for each PIN
}

// ProfileKey is a key in hex, whole or as two or three XOR components, with its check value, or a key block. It stands in the profile, in
// a file, or in the environment, so that a profile can be shown to others.
type ProfileKey struct {
	Algorithm  hsm.Algorithm `yaml:"algorithm"` // 3des-2 when absent
	Components []string      `yaml:"components"`
	Block      string        `yaml:"block"` // a key block (ANSI X9.143, TR-31) under the profile's kbpk
	File       string        `yaml:"file"`  // beside the profile: a component a line
	Env        string        `yaml:"env"`   // a variable: components with blanks between them
	KCV        string        `yaml:"kcv"`
}

// Environment looks a variable up. Nothing below the command line reads it by itself.
type Environment func(name string) (value string, ok bool)

func noEnvironment(string) (string, bool) { return "", false }

// ProfileCard is a test card that the host knows, under the name that features use.
type ProfileCard struct {
	Name    string `yaml:"name"`
	PAN     string `yaml:"pan"`
	Expiry  string `yaml:"expiry"`
	Service string `yaml:"service"`
	PIN     string `yaml:"pin"`
	Track2  string `yaml:"track_2"`
	Balance string `yaml:"balance"` // for `serve`, which opens the account with it; the cast's when absent
}

// The seats a profile may name.
const (
	SeatEmbedded  = "embedded"
	SeatRemote    = "remote"
	SeatContainer = "container"
	SeatTerminal  = "terminal" // the system under test is the terminal, and the host is ours
	SeatSwitch    = "switch"   // ... is between our tills and our issuer
)

// elsewhere tells that the system under test is not our own: its keys and cards are the profile's.
func (p *Profile) elsewhere() bool { return p.Seat != SeatEmbedded }

// Lends tells that our tills stand in for terminals that the system under test knows: it has no worlds, and the terminals are lent to scenarios.
func (p *Profile) Lends() bool { return p.Seat == SeatRemote || p.Seat == SeatSwitch }

// DefaultProfile is what runs when none is named: the embedded acquirer.
const DefaultProfile = "embedded"

// LoadProfile reads a profile file, or a shipped profile by its name, with its dialect, and checks it whole. The error
// names file, line and setting. No key of it may be in the environment.
func LoadProfile(name string) (*Profile, error) {
	return LoadProfileIn(noEnvironment, name)
}

// LoadProfileIn is LoadProfile where keys may be in an environment.
func LoadProfileIn(env Environment, name string) (*Profile, error) {
	text, file, err := profileText(name)
	if err != nil {
		return nil, err
	}
	return parseProfile(text, file, env)
}

func parseProfile(text []byte, file string, env Environment) (_ *Profile, err error) {
	p := &Profile{Seat: SeatEmbedded}
	if p.file, err = (settings.Kind{Name: "profile", Secret: true}).Read(file, text, p); err != nil {
		return nil, err
	}
	if err = p.fetchKeys(env); err != nil {
		return nil, err
	}
	if p.dialect, err = p.loadDialect(); err != nil {
		return nil, err
	}
	if p.tls, err = p.readTLS("$.tls", p.TLS, p.Listen != ""); err != nil {
		return nil, err
	}
	if p.Issuer != nil {
		if err = p.Issuer.load(p); err != nil {
			return nil, err
		}
	}
	return p, p.check()
}

// readTLS reads the PEM files that the profile names. waits: who is met there is the client.
func (p *Profile) readTLS(at string, files *TLSFiles, waits bool) (*tls.Config, error) {
	if files == nil {
		return nil, nil
	}
	config := &tls.Config{ServerName: files.ServerName, MinVersion: tls.VersionTLS12}
	if files.CA != "" {
		pem, err := os.ReadFile(p.beside(files.CA))
		if err != nil {
			return nil, p.mistake(at+".ca", "%v", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, p.mistake(at+".ca", "%s holds no certificate in PEM", files.CA)
		}
	}
	if waits && config.RootCAs != nil {
		config.ClientCAs, config.ClientAuth = config.RootCAs, tls.RequireAndVerifyClientCert
	}
	if files.Certificate != "" {
		cert, err := tls.LoadX509KeyPair(p.beside(files.Certificate), p.beside(files.Key))
		if err != nil {
			return nil, p.mistake(at+".certificate", "%v", err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

// beside gives the path of a file that the profile names, which is looked for beside it.
func (p *Profile) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(p.file.Name), name)
}

func profileText(name string) (text []byte, file string, err error) {
	shipped := path.Join("profiles", name+".yaml")
	if text, err = fs.ReadFile(fixtures.FS, shipped); err == nil {
		return text, shipped, nil
	}
	if text, err = os.ReadFile(name); err != nil {
		known, _ := fs.Glob(fixtures.FS, "profiles/*.yaml")
		for i, k := range known {
			known[i] = strings.TrimSuffix(path.Base(k), ".yaml")
		}
		return nil, "", fmt.Errorf("profile %s: %w (shipped profiles: %s)", name, err, strings.Join(known, ", "))
	}
	return text, name, nil
}

func (p *Profile) loadDialect() (*iso8583.Dialect, error) {
	if p.Dialect == "" {
		return nil, p.mistake("$.name", "names no dialect: add `dialect: unionpay-pos` or the path of a dialect file")
	}
	d, err := p.readDialect("$.dialect", p.Dialect)
	if err != nil {
		return nil, err
	}
	return p.override(d)
}

// readDialect reads a shipped dialect, or the file of one beside the profile.
func (p *Profile) readDialect(at, name string) (*iso8583.Dialect, error) {
	fsys, file := fs.FS(fixtures.FS), path.Join("dialects", name+".yaml")
	if _, err := fs.Stat(fsys, file); err != nil {
		own := p.beside(name)
		if _, err := os.Stat(own); err != nil {
			return nil, p.mistake(at, "%q is neither a shipped dialect nor a file", name)
		}
		shipped, err := fs.Sub(fixtures.FS, "dialects")
		if err != nil {
			return nil, fmt.Errorf("shipped dialects: %w", err)
		}
		fsys, file = iso8583.Beside(os.DirFS(filepath.Dir(own)), shipped), filepath.Base(own)
	}
	return iso8583.Load(fsys, file)
}

// override sets the dialect's timers, switches and connection as the profile says.
func (p *Profile) override(d *iso8583.Dialect) (*iso8583.Dialect, error) {
	places := map[string]string{} // of a setting in the profile
	overrides := map[string]string{}
	for at, set := range map[string]map[string]string{"$.timers": p.Timers, "$.switches": p.Switches} {
		for k, v := range set {
			overrides[k], places[k] = v, at+"."+k
		}
	}
	if p.Connection != "" {
		overrides["connection"], places["connection"] = string(p.Connection), "$.connection"
	}
	if len(overrides) == 0 {
		return d, nil
	}
	with, err := d.With(overrides)
	if err == nil {
		return with, nil
	}
	for _, k := range slices.Sorted(maps.Keys(overrides)) {
		if _, err := d.With(map[string]string{k: overrides[k]}); err != nil {
			return nil, p.mistake(places[k], "%v", err)
		}
	}
	return nil, fmt.Errorf("profile %s: %w", p.file.Name, err)
}

// mistake is an error with the place of the setting at path.
func (p *Profile) mistake(at, format string, args ...any) error {
	return p.file.Mistake(at, "%s", hide(fmt.Sprintf(format, args...)))
}
