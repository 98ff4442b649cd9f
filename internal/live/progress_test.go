package live

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What is over at once is never drawn: a terminal that is asked what it can do would answer
// when nobody reads it.
func TestWhatIsOverAtOnceIsNotDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		board := NewBoard("mcpload run")
		p := NewProgress(board, func() *Screen {
			opened++
			return NewScreen(board, nil, io.Discard, func() {})
		}, func(*Screen) {}, func(string) {})
		stop := p.Start(t.Context())
		synctest.Wait()
		aside := false
		p.Aside(t.Context(), func() { aside = true })
		require.True(t, aside, "a question needs no drawing to be over")
		stop()
		require.Zero(t, opened)
		stop = p.Start(t.Context())
		time.Sleep(2 * drawnAfter)
		stop()
		require.Equal(t, 1, opened)
		time.Sleep(time.Minute) // what the screen still ticks ends
	})
}
