package walletapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Prefix stands before every operation in a wallet host's addresses.
const Prefix = "/v1/"

// Handler is a wallet host, or whoever else answers requests. It belongs to one loop.
type Handler interface {
	Serve(now time.Time, op Operation, p Params, out Outbox)
}

// Outbox takes what a Handler has to say, at once or later.
type Outbox interface {
	Answer(Params) // once for each request, or never
	After(d time.Duration, f func(now time.Time))
	// Notify tells a merchant, at the address that he gave. done gets the body of what he said, "" for nothing.
	Notify(address string, p Params, done func(now time.Time, said string))
}

// Server makes HTTP of a host: ask gives the answer to a request, or ok false when none comes.
func Server(ask func(ctx context.Context, op Operation, p Params) (answer Params, ok bool)) http.Handler {
	mux := http.NewServeMux()
	for _, op := range Operations() {
		mux.HandleFunc("POST "+Prefix+string(op), func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				http.Error(w, "the request is too long, or broke off", http.StatusBadRequest)
				return
			}
			p, err := Decode(body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			answer, ok := ask(r.Context(), op, p)
			if !ok {
				panic(http.ErrAbortHandler) // the line is cut: no answer is no answer
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer.Encode())
		})
	}
	return mux
}

// Client asks a host.
type Client struct {
	Base string // http://127.0.0.1:8085
	HTTP *http.Client
}

// Do sends a request and reads the answer. An error means that no answer came: the outcome is unknown.
func (c Client) Do(ctx context.Context, op Operation, p Params) (Params, error) {
	body, err := post(ctx, c.HTTP, strings.TrimSuffix(c.Base, "/")+Prefix+string(op), p)
	if err != nil {
		return nil, fmt.Errorf("walletapi: %s: %w", op, err)
	}
	return Decode(body)
}

// Tell sends a notification and gives what the merchant said.
func Tell(ctx context.Context, client *http.Client, address string, p Params) (said string, err error) {
	body, err := post(ctx, client, address, p)
	if err != nil {
		return "", fmt.Errorf("walletapi: notification: %w", err)
	}
	return string(body), nil
}

func post(ctx context.Context, client *http.Client, address string, p Params) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(p.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %s", res.Status)
	}
	return body, nil
}
