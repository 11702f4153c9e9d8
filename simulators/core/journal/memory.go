package journal

import "sync"

// Memory keeps batches in memory, for worlds that live no longer than their process. A party that starts again replays
// the same Memory; Close therefore forgets nothing.
type Memory struct {
	mu      sync.Mutex
	records []Record
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{} }

// Append keeps the batch and calls done(nil) before it returns.
func (m *Memory) Append(batch []Record, done func(error)) {
	m.mu.Lock()
	m.records = append(m.records, batch...)
	m.mu.Unlock()
	done(nil)
}

// Replay gives the records that were there when it was called.
func (m *Memory) Replay(give func(Record) error) error {
	m.mu.Lock()
	records := m.records
	m.mu.Unlock()
	for _, r := range records {
		if err := give(r); err != nil {
			return err
		}
	}
	return nil
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
