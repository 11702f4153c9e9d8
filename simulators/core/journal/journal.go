// Package journal is a party's memory that outlives it: batches of records, appended whole or not at all, and replayed in order.
package journal

// Record is one line of a journal. Kind says whose line it is ("ledger", "answer", "tombstone", "pending"); Data is the
// owner's own encoding and holds no clear PAN, PIN, track or key.
type Record struct {
	Kind string
	Data []byte
}

// Store keeps batches. Records of one batch become durable together; batches become durable in the order of Append.
type Store interface {
	// Append queues a batch and calls done once it is durable, or with the error that kept it from being so: then nobody
	// knows whether it is. The batch belongs to the store from now on. A memory store calls done before Append returns;
	// others call it later from a goroutine of their own.
	Append(batch []Record, done func(error))
	// Replay gives every durable record in the order it was appended, and stops at the first error of the function, which
	// must not change the record nor wait for an Append.
	Replay(func(Record) error) error
	Close() error
}

// Commit appends a batch and waits until it is durable.
func Commit(s Store, batch []Record) error {
	result := make(chan error, 1)
	s.Append(batch, func(err error) { result <- err })
	return <-result
}
