//go:build linux

package main

import (
	"encoding/json"
	"fmt"
)

// The two of the contest of sessions that come and go.
const (
	staysName = "mcpload, 16 sessions that stay"
	churnName = "mcpload, each session serves one call: a message"
)

// churn is ours with sessions that end after one call.
func churn(url string) tool {
	return planned(churnName, url, "max",
		"sessions: {count: 16, calls: 1}\nmix: [{call: echo, args: {text: hi}}]\n", messages)
}

// messages reads mcpload's result document, and counts a message where document counts
// a call: a session has five, to begin, to say that it has begun, for a stream of its
// own, a call, and to end.
func messages(out []byte, r *run) error {
	if err := document(out, r); err != nil {
		return err
	}
	var d struct {
		Servers []struct {
			Scenarios []struct {
				Load struct {
					Setup struct{ Handshake struct{ N float64 } }
				}
			}
		}
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return err
	}
	sessions := d.Servers[0].Scenarios[0].Load.Setup.Handshake.N
	if sessions < r.calls {
		return fmt.Errorf("%.0f calls on %.0f sessions", r.calls, sessions)
	}
	more := (r.calls + 4*sessions) / r.calls
	r.micros, r.rate, r.calls = r.micros/more, r.rate*more, r.calls*more
	return nil
}
