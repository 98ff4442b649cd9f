//go:build live

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tab is a page in a real browser, which writes down what the page asks for
// and complains of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	trouble  []string
}

// newBrowser starts a headless Chromium, and returns what opens a tab in it.
func newBrowser(t *testing.T) func(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(installed(t, "chromium")), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	first, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(first), "the browser doesn't start")
	return func(t *testing.T) *tab {
		ctx, cancel := chromedp.NewContext(first)
		t.Cleanup(cancel)
		b := &tab{t: t, ctx: ctx}
		require.NoError(t, chromedp.Listen(ctx, b.hear))
		call(b, network.Enable, network.EnableParams{})
		call(b, log.Enable, cdp.Empty{})
		call(b, runtime.Enable, cdp.Empty{})
		return b
	}
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		b.requests = append(b.requests, e.URL)
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning ||
			e.Type == runtime.ConsoleAPICalledTypeAssert {
			b.trouble = append(b.trouble, fmt.Sprintf("console.%s", e.Type))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.trouble = append(b.trouble, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// within bounds how long one step in the browser may take.
func (b *tab) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, time.Minute)
}

func do(b *tab, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	require.NoError(b.t, err)
	return result
}

// eval runs an expression in the page, waits for it if it is a promise, and
// returns its value.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// look says how the page is to be shown.
func (b *tab) look(width, height int64, scheme string) {
	b.t.Helper()
	do(b, chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme",
			Value: scheme}}})
}

// open goes to an address and waits until the page has been drawn.
func (b *tab) open(address string) {
	b.t.Helper()
	do(b, chromedp.Navigate(address), chromedp.WaitReady("main"))
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

// act runs statements in the page.
func (b *tab) act(statements string) {
	b.t.Helper()
	eval[bool](b, "(() => {"+statements+"; return true})()")
}

func (b *tab) text(expression string) string {
	b.t.Helper()
	return eval[string](b, "String("+expression+")")
}

func (b *tab) number(expression string) float64 {
	b.t.Helper()
	return eval[float64](b, "Number("+expression+")")
}

func (b *tab) truth(expression string) bool {
	b.t.Helper()
	return eval[bool](b, "Boolean("+expression+")")
}

func (b *tab) numbers(expression string) []float64 {
	b.t.Helper()
	return eval[[]float64](b, expression)
}

// press hits keys, one after the other.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		do(b, chromedp.KeyEvent(k))
	}
}

// quiet fails where the page complained, or asked for anything that isn't
// allowed: addresses that begin with one of the prefixes.
func (b *tab) quiet(allowed ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Empty(b.t, b.trouble, "the console")
	require.NotEmpty(b.t, b.requests, "nothing was watched")
	for _, r := range b.requests {
		ok := strings.HasPrefix(r, "data:")
		for _, prefix := range allowed {
			ok = ok || strings.HasPrefix(r, prefix)
		}
		assert.True(b.t, ok, "the page asked for %s", r)
	}
}

// accessible runs axe-core over the page, and fails on a serious or critical
// fault.
func (b *tab) accessible(what string) {
	b.t.Helper()
	source, err := os.ReadFile(installed(b.t, "axe", "node_modules", "axe-core", "axe.min.js"))
	require.NoError(b.t, err)
	// A page's policy forbids every script but its own, this one too; it comes in
	// by the debugger, which stands above the policy.
	b.act(string(source))
	type fault struct{ ID, Impact, Help, Where string }
	found := eval[struct {
		Passes int
		Faults []fault
	}](b, `axe.run(document, {resultTypes: ['violations']}).then((r) => ({Passes: r.passes.length, Faults: r.violations.flatMap((v) =>
		v.nodes.map((n) => ({ID: v.id, Impact: v.impact, Help: v.help, Where: n.target.join(' ') + ' ' + [...n.any, ...n.all, ...n.none].map((c) => c.message).join('; ')})))}))`)
	assert.Greater(b.t, found.Passes, 15, "axe looked at next to nothing")
	for _, f := range found.Faults {
		if f.Impact == "serious" || f.Impact == "critical" {
			assert.Fail(b.t, "axe: "+what, "%s (%s): %s at %s", f.ID, f.Impact, f.Help, f.Where)
		} else {
			b.t.Logf("axe: %s: %s (%s): %s at %s", what, f.ID, f.Impact, f.Help, f.Where)
		}
	}
}

// fitting fails where the page is wider than the window.
func (b *tab) fitting() {
	b.t.Helper()
	assert.LessOrEqual(b.t, b.number("document.scrollingElement.scrollWidth"), b.number("innerWidth"),
		"the page scrolls sideways")
	assert.Empty(b.t, b.text(`[...document.querySelectorAll('.scroll:has(> table.said), .scroll:has(a.compare)')]
		.filter((s) => s.scrollWidth > s.clientWidth + 1).map((s) => s.ariaLabel).join('; ')`),
		"tables of words scroll sideways")
	assert.Empty(b.t, b.text(`innerWidth > 640 ? '' : [...document.querySelectorAll('.scroll')]
		.filter((s) => s.scrollWidth > s.clientWidth + 1).map((s) => s.ariaLabel).join('; ')`),
		"tables scroll sideways on a phone")
	assert.Empty(b.t, b.text(`[...document.querySelectorAll('svg.plot')].flatMap((svg) => {
		const boxes = [...svg.querySelectorAll('text')].map((t) => [t.textContent, t.getBoundingClientRect()])
			.filter(([, r]) => r.width > 0);
		return boxes.flatMap(([name, r], i) => boxes.slice(0, i).filter(([, o]) =>
			Math.min(r.right, o.right) - Math.max(r.left, o.left) > 1 &&
			Math.min(r.bottom, o.bottom) - Math.max(r.top, o.top) > 3).map(([other]) => name + ' on ' + other));
	}).join('; ')`), "labels of drawings stand on each other")
}

// shoot keeps a picture of the whole page, where MCPLOAD_SHOTS names a folder.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("MCPLOAD_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// print keeps the page as it comes out on paper, where MCPLOAD_SHOTS names a
// folder, and returns how many bytes that takes.
func (b *tab) print(name string) int {
	b.t.Helper()
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPreferCSSPageSize(),
		chromedp.PDFPaper(chromedp.PaperA4)))
	require.NoError(b.t, err)
	if dir := os.Getenv("MCPLOAD_SHOTS"); dir != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o644))
	}
	return len(pdf)
}

// render runs the command line and returns the file that it writes.
func render(t *testing.T, args ...string) (path string, status int) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "page.html")
	var stdout, stderr bytes.Buffer
	status = run(append([]string{"run", "--format", "html", "-o", path}, args...), strings.NewReader(""), &stdout,
		&stderr)
	require.FileExists(t, path, stderr.String())
	return path, status
}

// The watcher itself can fail: a page that asks for something outside, that
// breaks a script, or whose policy stops something, is seen.
func TestTheWatcherSees(t *testing.T) {
	browser := newBrowser(t)
	for name, body := range map[string]string{
		"a request":        `<img src="http://127.0.0.1:9/x.png">`,
		"a broken script":  `<script>nobody.home()</script>`,
		"a broken policy":  `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><img src="http://127.0.0.1:9/x.png">`,
		"a console error":  `<script>console.error('no')</script>`,
		"an inline script": `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>window.x = 1</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.html")
			require.NoError(t, os.WriteFile(path, []byte("<!DOCTYPE html><title>x</title>"+body+"<main></main>"),
				0o644))
			b := browser(t)
			b.open("file://" + path)
			require.Eventually(t, func() bool {
				b.mu.Lock()
				defer b.mu.Unlock()
				return len(b.trouble) > 0
			}, waitLong, waitStep)
		})
	}
}

// mouse moves, presses or lets go of the left button.
func (b *tab) mouse(what input.DispatchMouseEventType, x, y float64) {
	b.t.Helper()
	do(b, chromedp.MouseEvent(what, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// How long to wait for what a browser does at once, and how often to look.
const (
	waitLong = 20 * time.Second
	waitStep = 20 * time.Millisecond
)
