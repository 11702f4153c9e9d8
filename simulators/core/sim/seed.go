package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Seed is the one number that a run's chance comes from. It is printed with every report; the same seed gives the same run.
type Seed uint64

// Stream gives the random stream of that name. Streams are independent: drawing from one never moves another, so a
// party that draws once more does not disturb the rest of the world.
func (s Seed) Stream(name string) *rand.Rand { return rand.New(s.source(name)) }

// Reader gives the stream of that name as bytes without end; it never fails.
func (s Seed) Reader(name string) io.Reader { return s.source(name) }

// Bytes gives n bytes from the stream of that name: test keys, nonces.
func (s Seed) Bytes(name string, n int) []byte {
	b := make([]byte, n)
	_, _ = s.source(name).Read(b) // ChaCha8.Read never fails
	return b
}

// Sub gives the seed of a part, such as one scenario of a run.
func (s Seed) Sub(name string) Seed { return Seed(s.Stream(name).Uint64()) }

func (s Seed) source(name string) *rand.ChaCha8 {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(s))
	return rand.NewChaCha8(sha256.Sum256(append(number[:], name...)))
}
