// Official is mcpload as the official conformance suite starts a client: with the
// address of the suite's server as its argument, and the scenario's name and context
// in the environment. It exits as mcpload does.
//
//	official MCPLOAD URL
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// context is what a scenario tells its client.
type context struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	ToolCalls    []struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"toolCalls"`
}

func main() {
	err := client(os.Args[1], os.Args[len(os.Args)-1], os.Getenv("MCP_CONFORMANCE_SCENARIO"))
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "official:", err)
		os.Exit(1)
	}
}

// client plays one scenario.
func client(mcpload, url, scenario string) error {
	var c context
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "official")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // what stays is in the folder of temporary files
	plan := filepath.Join(dir, "plan.yaml")
	load := func(more ...string) error {
		return run(mcpload, append([]string{"load", "--no-store", "--rate", "10/s", "--duration", "2s", "--url", url},
			more...)...)
	}
	// planned calls each of the tools, one call at a time.
	planned := func(tools string, more ...string) error {
		if err := run(mcpload, append([]string{"load", "init", "--url", url, "--include", tools, "-o", plan},
			more...)...); err != nil {
			return err
		}
		return load(append([]string{"--mix", plan, "--sessions", "1", "--connections", "1"}, more...)...)
	}
	switch scenario {
	case "initialize":
		return load("--method", "ping")
	case "tools_call":
		return load("--tool", "add_numbers", "--args", `{"a":5,"b":3}`)
	case "elicitation-sep1034-client-defaults":
		return load("--tool", "test_client_elicitation_defaults", "--answer", "elicitation=accept")
	case "sse-retry":
		// Its server keeps one call at a time.
		return load("--tool", "test_reconnection", "--rate", "1/s", "--duration", "1s", "--sessions", "1")
	case "request-metadata":
		said := filepath.Join(dir, "said.json")
		if err := os.WriteFile(said,
			[]byte(`{"role":"assistant","model":"none","content":{"type":"text","text":"yes"}}`), 0o600); err != nil {
			return err
		}
		return load("--method", "tools/list", "--answer", "elicitation=accept", "--answer", "roots="+dir, "--answer",
			"sampling="+said)
	case "sep-2322-client-request-state":
		return planned("test_mrtr_echo_state,test_mrtr_no_state,test_mrtr_unrelated,test_mrtr_no_result_type",
			"--answer", "elicitation=accept")
	case "http-standard-headers":
		return planned("test_headers")
	case "http-invalid-tool-headers":
		return planned("valid_tool")
	case "http-custom-headers":
		return called(c, plan, load)
	case "json-schema-ref-no-deref":
		return run(mcpload, "tools", url)
	case "json-schema-2020-12-preservation":
		return echoed(mcpload, url)
	case "auth/client-credentials-basic":
		if err := os.Setenv("OFFICIAL_SECRET", c.ClientSecret); err != nil {
			return err
		}
		return load("--method", "tools/list", "--oauth-client-id", c.ClientID, "--oauth-client-secret-env",
			"OFFICIAL_SECRET")
	}
	return fmt.Errorf("the scenario %q is not known here", scenario)
}

// called makes the calls that the context lists.
func called(c context, plan string, load func(...string) error) error {
	var mix []map[string]any
	for _, call := range c.ToolCalls {
		mix = append(mix, map[string]any{"call": call.Name, "args": call.Arguments, "weight": 1})
	}
	text, err := json.Marshal(map[string]any{"mix": mix}) // JSON is YAML
	if err != nil {
		return err
	}
	if err := os.WriteFile(plan, text, 0o600); err != nil {
		return err
	}
	return load("--mix", plan)
}

// echoed sends a tool's schema back as mcpload prints it.
func echoed(mcpload, url string) error {
	out, err := exec.Command(mcpload, "tools", url, "--format", "json").Output()
	if err != nil {
		return err
	}
	var listed struct {
		Tools []struct {
			Name        string          `json:"name"`
			InputSchema json.RawMessage `json:"inputSchema"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(out, &listed); err != nil {
		return err
	}
	for _, tool := range listed.Tools {
		if tool.Name == "json_schema_2020_12_tool" {
			return run(mcpload, "call", url, "json_schema_echo", "--args", `{"schema":`+string(tool.InputSchema)+"}")
		}
	}
	return errors.New("the tool is not listed: " + string(out))
}

// run runs mcpload, which says what it has to say on our stderr.
func run(mcpload string, args ...string) error {
	fmt.Fprintln(os.Stderr, "mcpload", strings.Join(args, " "))
	cmd := exec.Command(mcpload, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
