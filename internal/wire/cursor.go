package wire

import "github.com/mcpload/mcpload/internal/jsonscan"

// A cursor walks over the JSON of messages.
type cursor struct{ jsonscan.Cursor }

func cursorOver(text []byte) cursor { return cursor{jsonscan.Cursor{Data: text}} }
