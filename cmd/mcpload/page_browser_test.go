//go:build live

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/verdict"
)

// A run as a page, in a real browser: nothing outside is asked for, the verdict
// is said, the timeline shows the witness, and the keyboard gets everywhere.
func TestPageOfARun(t *testing.T) {
	path, status := render(t, "--server", "unifi-mcp", "--virtual", "--fault", "burst+1")
	require.Equal(t, exitFail, status)
	file := "file://" + path
	browser := newBrowser(t)

	t.Run("opens without asking for anything", func(t *testing.T) {
		b := browser(t)
		b.open(file)
		assert.Contains(t, b.text("document.querySelector('h1').innerText"), "unifi-mcp breaks its limit of 12/s "+
			"burst 16")
		assert.Equal(t, "fail", strings.ToLower(b.text("document.querySelector('header .badge').innerText")))
		b.quiet(file)
		assert.Len(t, b.requests, 1, "one file, and nothing else")
	})

	t.Run("shows the witness", func(t *testing.T) {
		b := browser(t)
		b.open(file)
		const witness = "document.querySelector('#s1-t1 .witness')"
		assert.Contains(t, b.text(witness+".getAttribute('aria-label')"), "17 calls were admitted within 4.2ms; the "+
			"limit allows 16.06 there")
		assert.EqualValues(t, 17,
			b.number(witness+".querySelector('path.mark.admitted').getAttribute('d').split('M').length - 1"),
			"a mark for every call of the witness")
		// Under the line of an empty bucket lies what no honest one can hold.
		deepest := b.number("Math.max(..." + witness +
			".querySelector('path.mark.admitted').getAttribute('d').match(/ [0-9.]+v/g).map(parseFloat))")
		assert.Greater(t, deepest, b.number("document.querySelector('#s1-t1 path.zero').getBBox().y")+5)
		assert.Positive(t, b.number(witness+".querySelector('path.mark.admitted').getBoundingClientRect().height"))
		box := b.numbers("(({left, right, top, bottom}) => [left, right, top, bottom])(" + witness +
			".getBoundingClientRect())")
		plot := b.numbers("(({left, right, top, bottom}) => [left, right, top, " +
			"bottom])(document.querySelector('#s1-t1 .plot').getBoundingClientRect())")
		assert.True(t, box[0] >= plot[0]-8 && box[1] <= plot[1]+8 && box[2] >= plot[2]-8 && box[3] <= plot[3]+8,
			"%v lies outside %v", box, plot)
		assert.EqualValues(t, 1, b.number("document.querySelectorAll('#s1-w1-close').length"), "and close up")
	})

	t.Run("by keyboard", func(t *testing.T) { keyboard(t, browser(t), file) })

	t.Run("by mouse", func(t *testing.T) {
		b := browser(t)
		b.look(1280, 900, "light")
		b.open(file)
		b.act("document.querySelector('#s1-t1').scrollIntoView()")
		at := b.numbers("(({left, top, width}) => [left + width / 3, top + 100, left + width / " +
			"2])(document.querySelector('#s1-t1 .plot').getBoundingClientRect())")
		b.mouse(input.DispatchMouseEventTypeMouseMoved, at[0], at[1])
		assert.Contains(t, b.text("document.querySelector('#s1-t1 .readout').textContent"), "tokens at least")
		b.mouse(input.DispatchMouseEventTypeMousePressed, at[0], at[1])
		b.mouse(input.DispatchMouseEventTypeMouseMoved, at[2], at[1])
		b.mouse(input.DispatchMouseEventTypeMouseReleased, at[2], at[1])
		assert.Less(t, b.number("document.querySelector('#s1-t1 svg.data').viewBox.baseVal.width"), 5000.0,
			"a stretch that was dragged over fills the chart")
		assert.Equal(t, b.text("document.querySelector('#s1-t1 svg.data').getAttribute('viewBox').split(' ')[2]"),
			b.text("document.querySelector('#s1-wait svg.data').getAttribute('viewBox').split(' ')[2]"),
			"latency over time follows")
		b.quiet(file)
	})

	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"light", 1280, 900, "light"}, {"dark", 1280, 900, "dark"}, {"phone", 375, 740, "light"}, {"phone-dark", 375, 740,
		"dark"}} {
		t.Run(look.name, func(t *testing.T) {
			b := browser(t)
			b.look(look.width, look.height, look.scheme)
			b.open(file)
			b.fitting()
			b.shoot("page-" + look.name)
			top := b.number("document.querySelector('figure .plot').getBoundingClientRect().top")
			assert.Less(t, top+120, float64(look.height), "the chart that decides is on the first screen")
			background := b.text("getComputedStyle(document.body).backgroundColor")
			assert.Equal(t, look.scheme == "dark", background != "rgb(255, 255, 255)", background)
			b.accessible(look.name)
		})
	}

	t.Run("on paper", func(t *testing.T) {
		b := browser(t)
		b.look(1280, 900, "dark")
		b.open(file)
		assert.Greater(t, b.print("page-paper"), 20_000)
		b.quiet(file)
	})
}

// keyboard walks through the page as somebody without a mouse does.
func keyboard(t *testing.T, b *tab, file string) {
	b.open(file)
	b.press(kb.Tab)
	assert.Equal(t, "skip", b.text("document.activeElement.className"), "the first stop skips to the verdict")
	b.press(kb.Enter)
	assert.Equal(t, "main", b.text("document.activeElement.id"))

	reached := map[string]bool{}
	for range 80 {
		b.press(kb.Tab)
		reached[b.text("document.activeElement.closest('figure')?.id + ' ' + "+
			"document.activeElement.getAttribute('class')")] = true
	}
	assert.True(t, reached["s1-t1 canvas"], "the timeline is a stop: %v", reached)
	assert.True(t, reached["s1-t1 witness"], "the witness is a stop: %v", reached)

	const width, readout = "document.querySelector('#s1-t1 svg.data').viewBox.baseVal.width",
		"document.querySelector('#s1-t1 .readout').textContent"
	b.act("document.querySelector('#s1-t1 .canvas').focus()")
	b.press(kb.ArrowRight)
	first := b.text(readout)
	assert.Regexp(t, `^[0-9.]+ (s|ms) to [0-9.]+ (s|ms): tokens at least [0-9.]+, tokens at most [0-9.−]+`, first)
	b.press(kb.ArrowRight)
	assert.NotEqual(t, first, b.text(readout))
	b.press("+")
	assert.InDelta(t, 10000, b.number(width), 1)
	b.press("0")
	assert.InDelta(t, 20000, b.number(width), 1)

	b.act("document.querySelector('#s1-t1 .witness').focus()")
	assert.Contains(t, b.text(readout), "Witness 1, over-admission: 17 calls were admitted")
	b.press(kb.Enter)
	assert.Less(t, b.number(width), 1000.0, "Enter zooms to the witness")

	b.act("document.querySelector('a.show').focus()")
	b.press(kb.Enter)
	assert.Equal(t, "witness", b.text("document.activeElement.getAttribute('class')"), "the link goes to the witness")
	b.quiet(file)
}

// What a server says is hostile; whatever it is, the page stays a page.
func TestPageOfAHostileServer(t *testing.T) {
	path := hostilePage(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "pwned", "the hostile text isn't in the page, so this proves nothing")
	b := newBrowser(t)(t)
	b.look(375, 740, "light")
	b.open("file://" + path)
	assert.Equal(t, "undefined", b.text("typeof window.pwned"))
	assert.False(t, b.truth("document.querySelector('main img, main iframe, main form')"))
	b.fitting()
	b.quiet("file://" + path)
	b.accessible("hostile")
	b.shoot("page-hostile")
}

// A million calls in a real browser: the page is drawn and zooms without a hitch
// that anybody would see. The bounds are wide; the log has the figures.
func TestPageOfAMillionCalls(t *testing.T) {
	const n = 1_000_000
	calls := make([]history.Call, n)
	level, last := 40.0, time.Duration(0)
	for i := range calls {
		at := time.Duration(i) * 770 * time.Microsecond
		level, last = min(40, level+1000*(at-last).Seconds()), at
		c := history.Call{Sent: at, Received: at + time.Duration(200+i*7919%1900)*time.Microsecond,
			Outcome: history.Limited}
		c.Due, c.Client, c.Method, c.Label = at, "c1", "tools/call", "overload"
		if level >= 1 {
			level--
			c.Outcome = history.OK
		}
		calls[i] = c
	}
	doc := &results.Document{Started: "2026-11-25T10:00:00Z", Servers: []results.Server{{Server: "acb",
		Limit: results.Limit{Rate: 1000, Burst: 40, Scope: "global", Charges: []string{"*"}},
		Scenarios: []results.Scenario{results.NewScenario("overload", calls,
			[]verdict.Finding{{Check: "over-admission", Verdict: verdict.Pass}})}}}}
	doc.Finish()
	path := filepath.Join(t.TempDir(), "million.html")
	file, err := os.Create(path)
	require.NoError(t, err)
	began := time.Now()
	require.NoError(t, page.HTML(file, doc, map[string][]history.Call{"acb": calls}))
	drew := time.Since(began)
	info, err := file.Stat()
	require.NoError(t, err)
	require.NoError(t, file.Close())

	b := newBrowser(t)(t)
	b.look(1280, 900, "light")
	began = time.Now()
	b.open("file://" + path)
	opened := time.Since(began)
	b.act("document.querySelector('#s1-t1').scrollIntoView()")
	frames := b.numbers(`(async () => {
		const press = (key) => document.querySelector('#s1-t1 .canvas').dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
		const frame = () => new Promise((done) => requestAnimationFrame(done));
		const took = [];
		for (const key of '+++++0ArrowRight+-+-0'.match(/ArrowRight|./g)) {
			const start = performance.now();
			press(key);
			await frame();
			await frame();
			took.push(performance.now() - start);
		}
		return took.sort((a, b) => a - b);
	})()`)
	median, worst := frames[len(frames)/2], frames[len(frames)-1]
	t.Logf("%d calls: %d bytes, written in %s, opened in %s; a step of the zoom takes %.0f ms, at most %.0f ms", n,
		info.Size(), drew, opened, median, worst)
	assert.Less(t, info.Size(), int64(1_500_000))
	assert.Less(t, opened, 20*time.Second)
	assert.Less(t, median, 500.0)
	b.quiet("file://" + path)
	b.shoot("page-million")
}
