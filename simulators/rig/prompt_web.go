package rig

import (
	"context"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Page asks a person by a page in a browser on this machine. It needs no script: the page looks for a new prompt every second.
type Page struct {
	Name string // whose it is; "" when nobody says

	listener net.Listener
	server   *http.Server
	done     chan struct{}

	mu     sync.Mutex
	number int     // of the prompt that is open
	open   *Prompt // nil: none
	reply  chan Reply
}

// OpenPage serves it at an address.
func OpenPage(address string) (*Page, error) {
	l, err := wire.Listen(address, nil)
	if err != nil {
		return nil, err
	}
	p := &Page{listener: l, done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.show)
	mux.HandleFunc("POST /{$}", p.take)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(l) // it ends by Close
	}()
	return p, nil
}

// Address tells where the page is.
func (p *Page) Address() string { return p.listener.Addr().String() }

// Close ends it.
func (p *Page) Close() {
	_ = p.server.Close()
	<-p.done
}

// Judge implements Prompter.
func (p *Page) Judge() string { return person(p.Name) }

// Ask implements Prompter.
func (p *Page) Ask(ctx context.Context, prompt Prompt) (Reply, error) {
	reply := make(chan Reply, 1)
	p.mu.Lock()
	p.number++
	p.open, p.reply = &prompt, reply
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.open = nil
		p.mu.Unlock()
	}()
	select {
	case r := <-reply:
		return r, nil
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
}

func (p *Page) show(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	view := struct {
		Number int
		Prompt *Prompt
		Look   bool
	}{p.number, p.open, p.open != nil && p.open.Kind == PromptLook}
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = promptPage.Execute(w, view) // who has gone reads no page
}

// take keeps an answer, if its prompt is still the open one. It comes from our own page only.
func (p *Page) take(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		http.Error(w, "from another page", http.StatusForbidden)
		return
	}
	number, _ := strconv.Atoi(r.FormValue("number"))
	answer := Answer(r.FormValue("answer"))
	p.mu.Lock()
	if p.open != nil && number == p.number && (answer == Yes || answer == No || answer == CannotTell) {
		p.reply <- Reply{Answer: answer, Text: hideDigits(r.FormValue("text"))}
		p.open = nil
	}
	p.mu.Unlock()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

var promptPage = template.Must(template.New("prompt").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>tillproof</title><link rel="icon" href="data:,">
{{if not .Prompt}}<meta http-equiv="refresh" content="1">{{end}}
<style>:root{color-scheme:light dark}body{font:1.2rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}
button{font:inherit;padding:.5rem 1.2rem;margin:.5rem .5rem 0 0}input{font:inherit;width:100%;box-sizing:border-box}td{border:1px solid;padding:.2rem .6rem}</style></head><body>
{{with .Prompt}}<p>{{.Scenario}}</p><h1>{{.Text}}</h1><p>{{.Till}}, terminal {{.Terminal}}</p>
{{if .Table}}<table>{{range .Table}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</table>{{end}}
<form method="post" action="/"><input type="hidden" name="number" value="{{$.Number}}">
<label>What you see, if it is worth telling <input name="text" autocomplete="off"></label>
<button name="answer" value="yes">{{if $.Look}}It is so{{else}}Done{{end}}</button><button name="answer" value="no">{{if $.Look}}It is not so{{else}}It cannot be done{{end}}</button><button name="answer" value="skip">I cannot tell</button></form>
{{else}}<p>Nothing is to be done now.</p>{{end}}</body></html>
`))
