//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

// The two of the contest of sessions that come and go.
const (
	staysName = "mcpload, 16 sessions that stay"
	churnName = "mcpload, each session serves one call: a message"
)

// churn is ours with sessions that end after one call.
func churn(url string) tool {
	plan := filepath.Join(scratch, "churn.yaml")
	text := "sessions: {count: 16, calls: 1}\nmix: [{call: echo, args: {text: hi}}]\n"
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	t := ours(churnName, url, 16, "max", "--mix", plan)
	at := slices.Index(t.argv, "--tool")
	t.argv, t.calls = slices.Delete(t.argv, at, at+4), messages
	return t
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
