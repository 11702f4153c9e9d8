package iso8583

import "time"

// Handler answers messages: http.Handler for payments. MAC check, duplicate check, limits, fault and trace are all
// Handler to Handler. Serve is called from one goroutine at a time.
type Handler interface {
	Serve(now time.Time, req *Message, out Outbox)
}

// Outbox takes what a handler wants to send back: nothing, one message or several, now or later.
type Outbox interface {
	Send(m *Message)
	// After calls f when d has passed, from the goroutine that calls Serve.
	After(d time.Duration, f func(now time.Time))
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(now time.Time, req *Message, out Outbox)

// Serve calls f.
func (f HandlerFunc) Serve(now time.Time, req *Message, out Outbox) { f(now, req, out) }
