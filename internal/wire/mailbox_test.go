package wire

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A response counts once: for the call that waits, or as late for one that was
// given up. What comes after that is a duplicate.
func TestMailbox(t *testing.T) {
	var strays strayLog
	b := mailbox{issued: func(id int64) bool { return 0 < id && id <= 3 }, strays: &strays}
	answer := func(id string) { b.text(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{}}`, id), 5) }
	last := func() StrayKind {
		all := strays.all()
		return all[len(all)-1].Kind
	}

	slot, down := b.expect(1)
	require.Nil(t, down)
	answer("1")
	d := <-slot
	require.True(t, d.reply.id.is(1))
	require.EqualValues(t, 5, d.at)
	require.Empty(t, strays.all())
	answer("1")
	require.Equal(t, Duplicate, last())
	require.True(t, strays.answeredTwice(1))

	_, down = b.expect(2)
	require.Nil(t, down)
	b.forget(2)
	b.forget(2)
	answer("2")
	require.Equal(t, Late, last())
	require.False(t, strays.answeredTwice(2))
	answer("2")
	require.Equal(t, Duplicate, last())
	require.True(t, strays.answeredTwice(2))

	answer("4")
	require.Equal(t, UnknownID, last())
	answer(`"03"`)
	require.Equal(t, UnknownID, last())
	require.False(t, strays.answeredTwice(3))
	answer("null")
	require.Equal(t, NoID, last())
	b.text([]byte("INFO started"), 6)
	require.Equal(t, NotMCP, last())

	slot, down = b.expect(3)
	require.Nil(t, down)
	gone := &fault{kind: Exited, detail: "gone"}
	b.shut(gone, 7)
	b.shut(&fault{kind: Lost, detail: "later"}, 8)
	d = <-slot
	require.Equal(t, gone, d.fault)
	_, down = b.expect(3)
	require.Equal(t, gone, down, "the first reason stays")
}
