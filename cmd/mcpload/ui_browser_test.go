//go:build live

package main

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/results/ui"
)

// serveStore keeps a few runs and serves them as mcpload ui does.
func serveStore(t *testing.T, runs ...[]string) (address string) {
	t.Helper()
	dir := t.TempDir()
	for _, args := range runs {
		run(append([]string{"run", "--virtual", "--results", dir, "--format", "json"}, args...), strings.NewReader(""),
			io.Discard, io.Discard)
	}
	s, err := store.Open(dir)
	require.NoError(t, err)
	kept, _, err := s.List(store.Filter{})
	require.NoError(t, err)
	require.Len(t, kept, len(runs), "not every run was kept")
	handler, err := ui.New(s)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ui.Serve(ctx, l, handler) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	return "http://" + l.Addr().String()
}

// follow clicks on an element that nothing covers, and waits until another page
// has been drawn.
func (b *tab) follow(selector string) {
	b.t.Helper()
	before := b.text("location.href")
	at := b.numbers(`(() => {
		const e = document.querySelector(` + strconv.Quote(selector) + `);
		e.scrollIntoView({block: 'center'});
		const {left, top, width, height} = e.getBoundingClientRect();
		const [x, y] = [left + width / 2, top + height / 2];
		return [x, y, e.contains(document.elementFromPoint(x, y)) ? 1 : 0];
	})()`)
	require.EqualValues(b.t, 1, at[2], "%s is covered", selector)
	do(b, chromedp.MouseClickXY(at[0], at[1]))
	require.Eventually(b.t, func() bool {
		return b.text("location.href") != before &&
			b.text("document.readyState") == "complete"
	}, waitLong, waitStep)
}

// The kept runs in a real browser: filters, a run, a trend and a comparison, by
// clicking and by keyboard.
func TestUIInABrowser(t *testing.T) {
	site := serveStore(t, []string{"--server", "acb"}, []string{"--server", "acb,unifi-mcp", "--seed", "2"},
		[]string{"--server", "acb", "--fault", "burst-1"})
	browser := newBrowser(t)

	t.Run("filters", func(t *testing.T) {
		b := browser(t)
		b.open(site)
		rows := func() float64 { return b.number("document.querySelectorAll('table.runs tbody tr').length") }
		assert.EqualValues(t, 3, rows())
		b.act("document.querySelector('select[name=verdict]').value = 'fail'")
		b.follow(".filters button")
		assert.EqualValues(t, 1, rows())
		assert.Contains(t, b.text("location.search"), "verdict=fail", "the address says what is shown")
		assert.Equal(t, "fail", b.text("document.querySelector('select[name=verdict]').value"))
		b.follow(".filters a")
		assert.EqualValues(t, 3, rows())
		b.act("document.querySelector('input[name=q]').focus()")
		b.press("u", "n", "i", "f", "i", kb.Enter)
		require.Eventually(t, func() bool {
			return strings.Contains(b.text("location.search"), "q=unifi") && b.text("document.readyState") == "complete"
		}, waitLong, waitStep)
		assert.EqualValues(t, 1, rows())
		b.quiet(site)
	})

	t.Run("a run", func(t *testing.T) {
		b := browser(t)
		b.open(site + "/?verdict=fail")
		b.follow("table.runs tbody th a")
		assert.Contains(t, b.text("document.querySelector('h1').innerText"), "acb breaks its limit of 15/s burst 40")
		assert.Positive(t, b.number("document.querySelectorAll('#s1-t1 .witness').length"))
		assert.Equal(t, "/?base=", b.text("document.querySelector('nav.top "+
			"a[href*=base]').getAttribute('href').slice(0, 7)"))
		b.quiet(site)
	})

	t.Run("a trend", func(t *testing.T) {
		b := browser(t)
		b.open(site + "/servers")
		b.follow("table.runs tbody th a")
		assert.Equal(t, "acb", b.text("document.querySelector('h1').innerText"))
		assert.EqualValues(t, 2, b.number("document.querySelector('#burst "+
			"path.run.pass').getAttribute('d').split('M').length - 1"), "two runs passed")
		assert.EqualValues(t, 1, b.number("document.querySelector('#burst "+
			"path.run.fail').getAttribute('d').split('M').length - 1"), "and one failed")
		b.fitting()
		b.quiet(site)
	})

	t.Run("a comparison", func(t *testing.T) {
		b := browser(t)
		b.open(site + "/?server=acb")
		b.follow("table.runs tbody tr:last-child a.compare") // the oldest is the base
		assert.Contains(t, b.text("document.querySelector('.banner').innerText"), "choose the other run")
		assert.Contains(t, b.text("location.search"), "server=acb", "the filter stays")
		b.follow("table.runs tbody tr:first-child a.compare")
		assert.Equal(t, "The new run is worse", b.text("document.querySelector('h1').innerText"))
		assert.Contains(t, b.text("document.querySelector('section.server').innerText"), "no token bucket fits both")
		b.fitting()
		assert.Equal(t, "/compare", b.text("location.pathname"))
		b.accessible("comparison")
		b.shoot("ui-comparison")
		b.quiet(site)
	})

	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 375}} {
		for name, path := range map[string]string{"list": "/", "choosing": "/?server=acb&verdict=pass",
			"servers": "/servers", "server": "/servers/acb", "problem": "/nope"} {
			t.Run(name+" "+look.name, func(t *testing.T) {
				b := browser(t)
				b.look(look.width, 800, look.scheme)
				b.open(site + path)
				b.fitting()
				b.shoot("ui-" + name + "-" + look.name)
				b.accessible(name + " " + look.name)
			})
		}
	}
}
