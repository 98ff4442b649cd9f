// Package agents is the door for agents: an MCP server whose tools judge other MCP
// servers. Most users want New, and serve what it returns over stdio or HTTP.
//
// An agent is trusted with nothing but what the operator allows: it reaches no other
// address and starts no other command, sends no more calls and takes no more time, one
// run at a time, and gives no header and no credential of its own choice. What it asks
// beyond that is refused in words. The package deliberately reads no environment and
// prints nothing.
package agents

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// A Config says what an agent may do. Its zero value allows mocks, and nothing else.
type Config struct {
	Version   string
	Catalog   *profiles.Catalog
	Addresses []string      // that may be judged, as Allowed reads them
	Commands  [][]string    // that may be started, and judged over stdio
	Env       []string      // the whole environment of a command, as NAME=VALUE
	Header    http.Header   // of every request to an allowed address
	Calls     int           // the most that one run may send; 0: 2,000
	Time      time.Duration // the longest that one run may take; 0: five minutes
	Store     *store.Store  // of kept runs; nil: there are none to read

	// Keep stores a run, and returns it as it may be shown, with its name. nil: runs
	// aren't kept.
	Keep func(kind string, began time.Time, doc *results.Document, calls map[string][]history.Call) (*results.Document,
		string, error)
	// KeepProbe stores a probe, and returns its name. nil: probes aren't kept.
	KeepProbe func(began time.Time, doc *results.Probed, calls []history.Call) (string, error)
	// Clean takes secrets out of a text. nil: there are none.
	Clean func(string) string
}

// A door is the server behind the tools.
type door struct {
	Config
	allowed []address
	one     chan struct{} // holds one value while a run is under way
}

// New returns the server. An address that can't be read is an error.
func New(c Config) (*server.MCPServer, error) {
	if c.Calls == 0 {
		c.Calls = 2000
	}
	if c.Time == 0 {
		c.Time = 5 * time.Minute
	}
	if c.Clean == nil {
		c.Clean = func(s string) string { return s }
	}
	d := &door{Config: c, one: make(chan struct{}, 1)}
	for _, text := range c.Addresses {
		a, err := parseAddress(text)
		if err != nil {
			return nil, err
		}
		d.allowed = append(d.allowed, a)
	}
	m := server.NewMCPServer("mcpload", c.Version, server.WithToolCapabilities(false), server.WithRecovery(),
		server.WithHooks(withoutBatches()),
		server.WithInstructions(d.instructions()))
	for _, t := range d.tools() {
		m.AddTool(t.declared(), d.handler(t))
	}
	return m, nil
}

// instructions are what an agent should know before its first call.
func (d *door) instructions() string {
	return "mcpload judges whether MCP servers keep the rate limits that they promise: pass, fail with the calls " +
		"that prove it, " +
		"or inconclusive, which is neither. list_servers says what may be judged here. Runs take seconds to minutes, " +
		"send real traffic, " +
		"report progress and can be cancelled; one goes on at a time. " + d.bounds()
}

// bounds says what is allowed.
func (d *door) bounds() string {
	var targets []string
	for _, a := range d.allowed {
		targets = append(targets, a.text)
	}
	for _, c := range d.Commands {
		targets = append(targets, "the command "+strings.Join(c, " "))
	}
	reach := "Only mocks may be judged: the operator allowed no address and no command."
	if len(targets) > 0 {
		reach = "Beside mocks these may be judged: " + strings.Join(targets, ", ") + "."
	}
	return d.Clean(fmt.Sprintf("%s A run may send %d calls and take %s.", reach, d.Calls, d.Time))
}

// A tool is one thing that an agent can ask for.
type tool struct {
	name, doc string
	reads     bool // it sends nothing to anybody
	schema    string
	answer    func(ctx context.Context, args arguments, p *progress) (string, any, error)
}

// declared is the tool as it is listed.
func (t tool) declared() mcp.Tool {
	declared := mcp.NewToolWithRawSchema(t.name, t.doc, json.RawMessage(t.schema))
	declared.Annotations = mcp.ToolAnnotation{ReadOnlyHint: mcp.ToBoolPtr(t.reads),
		DestructiveHint: mcp.ToBoolPtr(false),
		IdempotentHint:  mcp.ToBoolPtr(t.reads), OpenWorldHint: mcp.ToBoolPtr(!t.reads)}
	return declared
}

// tools is the catalogue.
func (d *door) tools() []tool {
	list := []tool{
		{"list_servers", "Lists the servers that have a profile, with the limits that they promise, and says what " +
			"may be judged here.", true,
			object(``), d.listServers},
		{"run", "Sends traffic to a server and judges if it keeps its promise. Name a mock by server, or an allowed " +
			"address by url, or an allowed command.", false,
			object(`"server":{"type":"string","description":"a profile's name, for a mock of it; beside url or command, whose promise to hold it to"},` +
				aim + `,"promise":{"type":"array","items":{"type":"string"},"description":"laws, such as \"15/s burst 40\" or \"30 per 10s fixed\"; default: the profile's"},` +
				`"scenarios":{"type":"array","items":{"type":"string"},"description":"default: those that say what the limit is"},` +
				`"virtual":{"type":"boolean","description":"a mock in virtual time: milliseconds, repeatable"},` +
				`"seed":{"type":"integer","minimum":0,"description":"makes the plan repeatable; default 1"}`), d.run},
	}
	return slices.Concat(list, d.otherTools(), d.keptTools())
}

// aim are the properties that say which server, and with which call.
const aim = `"url":{"type":"string","description":"MCP endpoint of a running server; must be allowed"},` +
	`"command":{"type":"array","items":{"type":"string"},"description":"starts a server that speaks on stdin and stdout; must be allowed"},` +
	`"tool":{"type":"string","description":"a cheap, harmless tool to call, a few hundred times; default: one that says that it only reads"},` +
	`"arguments":{"type":"object","description":"of the tool"}`

// object is the schema of arguments with these properties.
func object(properties string) string {
	return `{"type":"object","properties":{` + properties + `},"additionalProperties":false}`
}

// handler answers calls of a tool. What goes wrong is an answer too, for the agent to
// read; a call that is cancelled gets none.
func (d *door) handler(t tool) server.ToolHandlerFunc {
	return func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		args, err := read(r, t.schema)
		if err != nil {
			return mcp.NewToolResultError(d.Clean(err.Error())), nil
		}
		if !t.reads {
			select {
			case d.one <- struct{}{}:
				defer func() { <-d.one }()
			default:
				return mcp.NewToolResultError("another run is under way, and two would disturb each other: try again " +
					"once it has ended"), nil
			}
		}
		text, data, err := t.answer(ctx, args, d.progress(ctx, r))
		if ctx.Err() != nil {
			return nil, fmt.Errorf("cancelled: %w", ctx.Err())
		}
		if err != nil {
			return mcp.NewToolResultError(d.Clean(told(err))), nil
		}
		if data == nil {
			return mcp.NewToolResultText(d.Clean(text)), nil
		}
		return mcp.NewToolResultStructured(data, d.Clean(text)), nil
	}
}
