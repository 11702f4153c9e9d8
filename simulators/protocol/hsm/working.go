package hsm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// KeyNames says under which names a terminal's working keys are kept. TDK is "" when tracks are not encrypted.
type KeyNames struct{ PIK, MAK, TDK string }

// MAKLength says how much of its slot in F62 the MAC key fills (DOMAIN.md A.8). The zero value is auto.
type MAKLength string

// The MAK lengths.
const (
	MAKAuto   MAKLength = "auto" // what is left when the zero blocks at the end of the slot are dropped
	MAKSingle MAKLength = "8"
	MAKDouble MAKLength = "16"
)

// ErrF62 says that F62 has none of the layouts of DOMAIN.md A.8.
var ErrF62 = errors.New("F62 is no set of working keys")

// kcvSize is the length of a check value behind each key of F62.
const kcvSize = 4

// LoadWorkingKeys unwraps the keys of an F62 from a sign-in answer under the terminal master key and stores them, all or
// none. failed names the first key whose KCV does not fit ("PIK", "MAK" or "TDK"); then the terminal stays signed off. A TDK
// for which there is no name is checked and dropped. An F62 that cannot be read is ErrF62.
func (h *HSM) LoadWorkingKeys(under string, f62 []byte, names KeyNames, sm4 bool, mak MAKLength) (failed string, err error) {
	size, count, ok := f62Layout(len(f62))
	if !ok || sm4 && size != SM4.Size() {
		return "", fmt.Errorf("hsm: %w: %d bytes", ErrF62, len(f62))
	}
	roles := names.roles()[:count]
	loaded := make([]*key, count)
	for i, role := range roles {
		slot := f62[i*(size+kcvSize):][:size+kcvSize]
		wrapped, check := slot[:size], slot[size:]
		if role.name == "MAK" && !sm4 {
			wrapped = mak.cut(wrapped)
		}
		a := desOfSize(len(wrapped))
		if sm4 {
			a = SM4
		}
		k, err := h.unwrap(under, a, wrapped)
		if err != nil {
			return "", fmt.Errorf("hsm: unwrap %s: %w", role.name, err)
		}
		if kcv := k.kcv(); !bytes.Equal(kcv[:], check) {
			return role.name, nil
		}
		loaded[i] = k
	}
	h.putAll(roles, loaded)
	return "", nil
}

// WorkingKeys makes fresh working keys for a terminal and lays them out as F62, each wrapped under its master key. The code
// is F60.3 of the sign-in: 001 single-length keys, 003 double-length, 004 with a TDK, 005 and 006 the same in SM4. A
// single-length MAK fills its slot with zeros that are not encrypted, the common way (DOMAIN.md A.8); auto means single.
func (h *HSM) WorkingKeys(under, code string, names KeyNames, mak MAKLength) ([]byte, error) {
	count, a := 2, TDES2
	switch code {
	case "001":
		a = DES
	case "003":
	case "004":
		count = 3
	case "005":
		a = SM4
	case "006":
		count, a = 3, SM4
	default:
		return nil, fmt.Errorf("hsm: working keys: no key download has code %q", code)
	}
	master, err := h.key(under)
	if err != nil {
		return nil, fmt.Errorf("hsm: working keys: %w", err)
	}
	roles := names.roles()[:count]
	fresh := make([]*key, count)
	var f62 []byte
	for i, role := range roles {
		if role.as == "" {
			return nil, fmt.Errorf("hsm: working keys: code %s brings a %s, but it has no name", code, role.name)
		}
		of := a
		if role.name == "MAK" && a == TDES2 && mak != MAKDouble {
			of = DES
		}
		k, err := h.generate(of)
		if err != nil {
			return nil, fmt.Errorf("hsm: working keys: %s: %w", role.name, err)
		}
		wrapped, err := master.wrap(k)
		if err != nil {
			return nil, fmt.Errorf("hsm: working keys: %s under %s: %w", role.name, under, err)
		}
		kcv := k.kcv()
		f62 = slices.Concat(f62, wrapped, make([]byte, a.Size()-of.Size()), kcv[:])
		fresh[i] = k
	}
	h.putAll(roles, fresh)
	return f62, nil
}

func (h *HSM) putAll(roles []keyRole, keys []*key) {
	for i, role := range roles {
		if role.as != "" {
			h.put(role.as, keys[i])
		}
	}
}

// f62Layout tells the size of a key's slot and the number of keys by the length of F62.
func f62Layout(length int) (size, count int, ok bool) {
	switch length {
	case 24:
		return 8, 2, true
	case 40:
		return 16, 2, true
	case 56:
		return 24, 2, true
	case 60:
		return 16, 3, true
	case 84:
		return 24, 3, true
	}
	return 0, 0, false
}

type keyRole struct{ name, as string }

func (n KeyNames) roles() []keyRole {
	return []keyRole{{"PIK", n.PIK}, {"MAK", n.MAK}, {"TDK", n.TDK}}
}

// cut takes the significant bytes of a wrapped MAK's slot.
func (m MAKLength) cut(slot []byte) []byte {
	switch m {
	case MAKSingle:
		return slot[:8]
	case MAKDouble:
		return slot[:min(16, len(slot))]
	}
	for len(slot) > 8 && bytes.Equal(slot[len(slot)-8:], make([]byte, 8)) {
		slot = slot[:len(slot)-8]
	}
	return slot
}

func desOfSize(size int) Algorithm {
	switch size {
	case 8:
		return DES
	case 16:
		return TDES2
	}
	return TDES3
}
