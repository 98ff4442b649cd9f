// Package drive has one plan sent by several machines: a Coordinator hands out the
// parts, measures nothing by itself but tells its time, has all of them begin together,
// and takes in what they kept; a Worker is one of these machines.
//
// Most users want HandedOut, which makes a plan of a command line, Coordinator.Serve and
// Worker.Join. Everything is asked for by the worker, over one address, so that no worker
// needs one of its own. What a worker sends is acknowledged and may be sent again: a lost
// connection loses nothing.
//
// The package deliberately sends no call, judges nothing and keeps no run: Received only
// makes the shards ready to be merged.
package drive

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/results"
)

// A Plan is what is handed out: a command line of ours without its part, and the files
// that it names.
type Plan struct {
	Args  []string          `json:"args"`            // such as load, --url, …; it starts no command
	Files map[string]string `json:"files,omitempty"` // contents by name, without folders
}

// Bounds of what is exchanged.
const (
	mostMessage = 16 << 20 // of one message, in bytes
	mostResult  = 8 << 30  // of one worker's result
	chunk       = 1 << 20  // of a result at a time
)

// The messages, by their paths. Each is a POST with the token as bearer.
type (
	joining struct {
		Worker string `json:"worker"`         // a name of its own, so that it can ask again
		Want   int    `json:"want,omitempty"` // the part that it is, where somebody says; 0: any
		Host   string `json:"host,omitempty"`

		Version string `json:"version,omitempty"`
	}
	joined struct {
		Part int  `json:"part"`
		Of   int  `json:"of"`
		Plan Plan `json:"plan"`
	}
	clockSays struct {
		NowNS int64  `json:"now_ns"`
		Clock string `json:"clock"` // names the clock: another coordinator has another
	}
	ready struct {
		Worker  string `json:"worker"`
		Planned int    `json:"planned"` // calls of its part, about; 0: nobody knows
	}
	starts struct {
		Begun   bool   `json:"begun"` // AtNS is when
		AtNS    int64  `json:"at_ns"`
		Clock   string `json:"clock"` // by which AtNS is
		Stopped bool   `json:"stopped"`
	}
	// A beat says that a worker is there, and how far its part is.
	beat struct {
		Worker string         `json:"worker"`
		Ended  int64          `json:"ended"` // calls
		Shard  *results.Shard `json:"shard,omitempty"`
		Over   string         `json:"over,omitempty"` // why it will have no result
	}
	beaten struct {
		Stop bool `json:"stop"` // send no more
	}
	acked struct {
		Next int64 `json:"next"` // the number, or the place, from which to go on
	}
)

func (m ready) from() string { return m.Worker }

func (m beat) from() string { return m.Worker }

// authorized holds a request against the token.
func authorized(r *http.Request, token string) bool {
	given := r.Header.Get("Authorization")
	return token != "" && subtle.ConstantTimeCompare([]byte(given), []byte("Bearer "+token)) == 1
}

// read reads a message; where it is none, it answers that.
func read[T any](w http.ResponseWriter, r *http.Request) (v T, ok bool) {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostMessage)).Decode(&v)
	if err != nil {
		http.Error(w, "this is no message of mcpload's", http.StatusBadRequest)
		return v, false
	}
	return v, true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone, and asks again
}

// explained is what an answer says that isn't 200.
func explained(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // the status says enough
	return fmt.Errorf("the coordinator says %s: %s", resp.Status, bytes.TrimRight(text, "\n "))
}

// Lead is how long before the common start it is told, so that every worker has heard
// of it by then.
const Lead = 2 * time.Second
