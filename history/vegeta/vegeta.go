// Package vegeta hands a history on to vegeta (github.com/tsenart/vegeta), for its
// reports and plots. Most users want Encode.
//
// It stands apart from history so that a history costs nobody vegeta's dependencies.
package vegeta

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	lib "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/history"
)

// Result returns the call as vegeta (github.com/tsenart/vegeta) records a hit,
// for its reports and plots. attack names the run and start is when it began.
//
// Vegeta measures latency from when it sent a request. We count from the due
// instant, so that Timestamp is start+Due and Latency is Response, or 0 for a
// call that was given up before it was due. A generator that fell behind shows
// in the result therefore; subtract Late to get what vegeta itself would show.
//
// Code is what makes vegeta's success ratio the share of admitted calls: the
// HTTP status where that says the same as the outcome, else 200 for OK, 429
// for Limited, 500 for an error reply, and 0 where there was no reply. (Servers
// refuse with HTTP 200, too, and vegeta would count that as a success.)
//
// Error is Detail, or the outcome's name where there is none, and empty for
// OK. Method is the JSON-RPC method; URL is mcp: with method and tool. Seq is
// the JSON-RPC id where it is positive. Bytes aren't known and stay 0.
func Result(c *history.Call, attack string, start time.Time) lib.Result {
	r := lib.Result{
		Attack:    attack,
		Seq:       uint64(max(c.ID, 0)),
		Code:      code(c),
		Timestamp: start.Add(c.Due),
		Latency:   max(c.Response(), 0),
		Method:    c.Method,
		URL:       "mcp:" + (&url.URL{Path: c.Method}).EscapedPath(),
	}
	if c.Tool != "" {
		r.URL += "/" + url.PathEscape(c.Tool)
	}
	if c.Outcome != history.OK {
		if r.Error = c.Detail; r.Error == "" {
			r.Error = c.Outcome.String()
		}
	}
	return r
}

func code(c *history.Call) uint16 {
	switch {
	case c.Outcome == history.OK && 200 <= c.Status && c.Status < 400:
		return uint16(c.Status)
	case c.Outcome == history.OK:
		return http.StatusOK
	case 400 <= c.Status && c.Status < 600:
		return uint16(c.Status)
	case c.Outcome == history.Limited:
		return http.StatusTooManyRequests
	case c.Outcome.Answered():
		return http.StatusInternalServerError
	default:
		return 0
	}
}

// Encode hands the calls to one of vegeta's encoders, in their order,
// which need not be that of time. Seq is the call's index, as vegeta counts
// hits. Use it so:
//
//	err := vegeta.Encode(lib.NewJSONEncoder(w), "acb", start, calls)
//
// NewEncoder of vegeta's library writes the gob stream that vegeta's commands exchange. The
// encoders don't buffer; w should.
func Encode(encode lib.Encoder, attack string, start time.Time, calls []history.Call) error {
	for i := range calls {
		r := Result(&calls[i], attack, start)
		r.Seq = uint64(i)
		if err := encode(&r); err != nil {
			return fmt.Errorf("vegeta: encoding call %d for vegeta: %w", i+1, err)
		}
	}
	return nil
}
