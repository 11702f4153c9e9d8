// Package browser lets tests see our pages in Chromium.
package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Page is one of our pages in a browser.
type Page struct {
	t   testing.TB
	ctx context.Context
	own string // what the addresses begin with that it may ask

	mu                sync.Mutex
	asked, complaints []string
}

// Open opens a page from its file; script false is a browser that runs none. It skips the test where no Chromium is.
func Open(t testing.TB, file string, script bool) *Page {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	page := url.URL{Scheme: "file", Path: path}
	return open(t, page.String(), "file:///", script)
}

// Visit opens a page that a server of ours offers at an address.
func Visit(t testing.TB, address string) *Page {
	t.Helper()
	return open(t, "http://"+address+"/", "http://"+address+"/", true)
}

func open(t testing.TB, page, own string, script bool) *Page {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on the path: install Debian's chromium to see the report in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own needs another user than root
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &Page{t: t, ctx: ctx, own: own}
	if err := chromedp.Listen(ctx, func(e any) {
		if r, ok := e.(*network.EventRequestWillBeSent); ok {
			p.note(&p.asked, r.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return // the browser is gone
			}
			p.note(&p.complaints, fmt.Sprintf("%s: %s", m.Type, m.Text))
		}
	}()
	if !script {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		p.must(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Page) note(to *[]string, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*to = append(*to, what)
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Scheme makes the browser prefer light or dark.
func (p *Page) Scheme(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	p.must(err)
}

// Size gives the window a size in pixels: a phone's is 390 by 844.
func (p *Page) Size(width, height int64) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.EmulateViewport(width, height)))
}

// Is holds what an expression of JavaScript gives to what is wanted. Promises are waited for.
func (p *Page) Is(expression string, want any) {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression, chromedp.EvalAwaitPromise))
	if err != nil || got != want {
		p.t.Errorf("%s is %v, want %v; %v", expression, got, want, err)
	}
}

// Shot keeps a picture of the whole page among the test's artifacts.
func (p *Page) Shot(name string) {
	p.t.Helper()
	shot, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.must(err)
	p.must(os.WriteFile(filepath.Join(p.t.ArtifactDir(), name+".png"), shot, 0o644))
}

// Comes waits until an expression of JavaScript is true, also on a page that comes after this one.
func (p *Page) Comes(expression string) {
	p.t.Helper()
	for until := time.Now().Add(30 * time.Second); ; {
		got, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression))
		switch {
		case err == nil && got == true:
			return
		case p.ctx.Err() != nil || time.Now().After(until):
			p.t.Fatalf("%s is %v; %v", expression, got, err)
		}
		<-time.After(20 * time.Millisecond) // another page may be loading, in which nothing can be asked
	}
}

// Click presses what a CSS selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.Click(selector)))
}

// Type writes into what a CSS selector finds.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.SendKeys(selector, text)))
}

// Quiet holds the page to have asked nobody for anything, and to have left the console empty.
func (p *Page) Quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	outside := func(u string) bool { return !strings.HasPrefix(u, p.own) && !strings.HasPrefix(u, "data:") }
	if len(p.asked) == 0 || slices.ContainsFunc(p.asked, outside) {
		p.t.Errorf("it asked for %q", p.asked)
	}
	if len(p.complaints) > 0 {
		p.t.Errorf("the console says %q", p.complaints)
	}
}
