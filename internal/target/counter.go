package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// mostCounter is how much of a counter's page is read.
const mostCounter = 64 << 10

// readCounter asks the page of CounterURL, which costs nothing of the limit and says how
// many calls were carried out by the first whole number in it. Nothing that the server is
// sent goes there.
func (c *Clients) readCounter(ctx context.Context, a history.Arrival) history.Call {
	call := history.Call{Arrival: a, Kind: history.Stream, Sent: c.of.Options.Now(), Outcome: history.Broken}
	text, err := fetchPage(ctx, c.of.CounterURL)
	call.Received = c.of.Options.Now()
	if err != nil {
		call.Detail = "the counter's page: " + c.of.redacted(err)
		return call
	}
	if n := number.FindString(text); n != "" {
		call.Outcome, call.Detail = history.OK, verdict.Counted+n
	} else {
		call.Detail = "the counter's page holds no whole number"
	}
	return call
}

func fetchPage(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errors.New("its address is none")
	}
	reply, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", errors.New("it can't be reached")
	}
	defer func() { _ = reply.Body.Close() }() // it was read as far as it matters
	if reply.StatusCode != http.StatusOK {
		return "", fmt.Errorf("HTTP status %d", reply.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(reply.Body, mostCounter))
	return string(b), err
}
