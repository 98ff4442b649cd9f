package agents

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
)

// every is how often progress is told at most.
const every = 250 * time.Millisecond

// A progress tells the agent how far a run is, where it asked to be told. It is the
// run's Observer.
type progress struct {
	tell func(done, total int, message string) // nil: nobody asked
	wake func() time.Time

	mu          sync.Mutex
	done, total int
	doing       string
	told        int // progress must grow from one notification to the next
	last        time.Time
}

// progress is that of one call.
func (d *door) progress(ctx context.Context, r mcp.CallToolRequest) *progress {
	p := &progress{wake: time.Now}
	s := server.ServerFromContext(ctx)
	if s == nil || r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return p
	}
	token := r.Params.Meta.ProgressToken
	p.tell = func(done, total int, message string) {
		params := map[string]any{"progressToken": token, "progress": done, "message": d.Clean(message)}
		if total > 0 && total >= done {
			params["total"] = total
		}
		// one that is lost is made good by the next
		_ = s.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), params)
	}
	return p
}

// Tell implements mcpload.Observer.
func (p *progress) Tell(e mcpload.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.Plan != nil:
		p.total += len(e.Plan)
	case e.Calls > 0:
		p.total += e.Calls
	case e.Say != "":
		p.doing = e.Say
	case e.Doing != "":
		p.doing = e.Doing
	}
	p.send()
}

// Saw implements mcpload.Observer.
func (p *progress) Saw(string, history.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.send()
}

// send tells what is new. It needs mu.
func (p *progress) send() {
	if p.tell == nil || p.done <= p.told && p.told > 0 {
		return
	}
	if now := p.wake(); p.last.IsZero() || now.Sub(p.last) >= every {
		p.last, p.told = now, max(p.done, p.told)
		p.tell(p.done, p.total, p.doing)
	}
}
