package rig

import (
	"fmt"
	"maps"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Speech is how the parties of a world speak, where it differs from their rig's way.
type Speech struct {
	Dialect  string            `json:"dialect,omitempty"`  // a shipped one; "" is the rig's
	Settings map[string]string `json:"settings,omitempty"` // timers and switches by name, as a profile has them
}

// over gives a dialect as the speech alters it.
func (s Speech) over(d *iso8583.Dialect) (*iso8583.Dialect, error) {
	if s.Dialect != "" && s.Dialect != d.Name {
		var err error
		if d, err = iso8583.Load(fixtures.FS, "dialects/"+s.Dialect+".yaml"); err != nil {
			return nil, fmt.Errorf("dialect %q is not a shipped one: %w", s.Dialect, err)
		}
	}
	if len(s.Settings) == 0 {
		return d, nil
	}
	return d.With(s.Settings)
}

// and gives both, the later one where they differ.
func (s Speech) and(later Speech) Speech {
	both := Speech{s.Dialect, maps.Clone(s.Settings)}
	if later.Dialect != "" && later.Dialect != s.Dialect {
		both = Speech{Dialect: later.Dialect}
	}
	if both.Settings == nil {
		both.Settings = map[string]string{}
	}
	maps.Copy(both.Settings, later.Settings)
	return both
}
