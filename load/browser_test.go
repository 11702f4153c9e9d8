package load_test

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

// seen is what a browser told of a page.
type seen struct {
	mu                sync.Mutex
	asked, complaints []string
}

// look opens a page of ours in Chromium, from its file.
func look(t *testing.T, file string) (context.Context, *seen) {
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
	s := &seen{}
	if err := chromedp.Listen(ctx, func(e any) {
		if r, ok := e.(*network.EventRequestWillBeSent); ok {
			s.note(&s.asked, r.Request.URL)
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
			s.note(&s.complaints, fmt.Sprintf("%s: %s", m.Type, m.Text))
		}
	}()
	page := url.URL{Scheme: "file", Path: must(filepath.Abs(file))}
	if err := chromedp.Do(ctx, chromedp.Navigate(page.String())); err != nil {
		t.Fatal(err)
	}
	return ctx, s
}

func (s *seen) note(to *[]string, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*to = append(*to, what)
}

// The report opens from its file, draws all its figures in light and dark, fits the window, and asks nobody for anything.
func TestReportInChromium(t *testing.T) {
	ctx, s := look(t, filepath.Join("testdata", "report.html"))
	for scheme, back := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"} {
		features := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, features); err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]any{
			"getComputedStyle(document.body).backgroundColor":                                                                                            back,
			"getComputedStyle(document.querySelector('h1')).color != getComputedStyle(document.body).backgroundColor":                                    true,
			"[...document.querySelectorAll('svg')].filter(e => e.getBoundingClientRect().height > 50).length":                                            7.0,
			"document.documentElement.scrollWidth <= window.innerWidth":                                                                                  true,
			"document.querySelector('svg[aria-label=\"Target: processor\"] path.line').getBBox().width > 500":                                            true,
			"[...document.querySelectorAll('details')].every(d => { d.open = true; return d.querySelector('pre').getBoundingClientRect().height > 10 })": true,
		} {
			if got, err := chromedp.Run(ctx, chromedp.Evaluate[any](what)); err != nil || got != want {
				t.Errorf("%s: %s is %v, want %v; %v", scheme, what, got, want, err)
			}
		}
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		must(0, os.WriteFile(filepath.Join(t.ArtifactDir(), "report-"+scheme+".png"), shot, 0o644))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	outside := func(u string) bool { return !strings.HasPrefix(u, "file:///") && !strings.HasPrefix(u, "data:") }
	if len(s.asked) == 0 || slices.ContainsFunc(s.asked, outside) {
		t.Errorf("it asked for %q", s.asked)
	}
	if len(s.complaints) > 0 {
		t.Errorf("the console says %q", s.complaints)
	}
}
