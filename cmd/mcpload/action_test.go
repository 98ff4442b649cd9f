package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// act runs the GitHub Action's script with its inputs in the environment, as
// action.yml does, and returns what it told GitHub.
func act(t *testing.T, inputs ...string) (outputs map[string]string, summary, log, folder string) {
	t.Helper()
	script, err := filepath.Abs("../../scripts/action.sh")
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command("bash", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{
		"GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"), "GITHUB_OUTPUT=" + filepath.Join(dir, "outputs"),
		"OUTPUT=out",
	}, inputs...)...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "the script leaves the verdict to the last step: %s", text)
	outputs = map[string]string{}
	for line := range strings.Lines(read(t, filepath.Join(dir, "outputs"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		outputs[name] = value
	}
	return outputs, read(t, filepath.Join(dir, "summary")), string(text), filepath.Join(dir, "out")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestActionVerdicts(t *testing.T) {
	for _, row := range []struct {
		name            string
		inputs          []string
		verdict, status string
		log, summary    string
	}{
		{"pass", []string{"SERVERS=unifi-mcp", "ARGS=--virtual"}, "pass", "0", "", "keeps its limit"},
		{"fail", []string{"SERVERS=unifi-mcp", "ARGS=--virtual\n--fault\nburst+1", "THRESHOLDS=p99<10s\np50<10s"},
			"fail", "1", "::error title=mcpload::a server breaks its promise", "breaks its limit"},
		{"inconclusive", []string{"SERVERS=unifi-mcp", "ARGS=--virtual\n--fault\nsilent-refusals"}, "inconclusive", "3",
			"::warning title=mcpload::inconclusive", "could have missed one"},
		{"quarantined", []string{"SERVERS=unifi-mcp", "ARGS=--virtual\n--fault\nburst+1", "REPEAT=2", "QUARANTINE=" +
			known(t)}, "pass", "0", "", "breaks its limit"},
		{"could not run", []string{"URL=" + refusedAddress(t), "RATE=5/s", "BURST=5"}, "error", "2",
			"::error title=mcpload::could not run", "could not run"},
		{"nonsense", []string{"SERVERS=nobody; touch owned"}, "error", "2", "::error", "could not run"},
	} {
		t.Run(row.name, func(t *testing.T) {
			outputs, summary, log, folder := act(t, row.inputs...)
			require.Equal(t, row.verdict, outputs["verdict"], log)
			require.Equal(t, row.status, outputs["status"])
			require.Contains(t, log, row.log)
			require.Contains(t, summary, row.summary)
			require.NoFileExists(t, filepath.Join(filepath.Dir(folder), "owned"), "an input was read as code")
			if row.verdict == "error" {
				return
			}
			for _, name := range []string{"result.json", "report.html", "junit.xml", "summary.md", "report.txt"} {
				require.NotEmpty(t, read(t, filepath.Join(folder, name)), name)
			}
		})
	}
}

// known is a quarantine list that covers everything of one server.
func known(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "known.yaml")
	text := "- {server: unifi-mcp, until: " + soon() + ", reason: being mended}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestActionComparesWithABaseline(t *testing.T) {
	first, _, _, folder := act(t, "SERVERS=unifi-mcp", "ARGS=--virtual")
	base := "BASELINE=" + filepath.Join(filepath.Dir(folder), first["run"])

	outputs, summary, log, _ := act(t, "SERVERS=unifi-mcp", "ARGS=--virtual", base, "MAX=p90=+50%")
	require.Equal(t, "pass", outputs["verdict"], log)
	require.Contains(t, summary, "Against the baseline")

	outputs, _, log, _ = act(t, "SERVERS=unifi-mcp", "ARGS=--virtual\n--delay\nexp(40ms)", base, "MAX=p90=+50%")
	require.Equal(t, "fail", outputs["verdict"], log)
	require.Equal(t, "1", outputs["status"])

	outputs, _, log, _ = act(t, "SERVERS=unifi-mcp", "ARGS=--virtual", base, "MAX=p99=+50%")
	require.Equal(t, "inconclusive", outputs["verdict"], "a run has too few calls for a p99: %s", log)

	document := "BASELINE=" + filepath.Join(folder, "result.json")
	outputs, _, log, _ = act(t, "SERVERS=unifi-mcp", "ARGS=--virtual\n--fault\nburst+1", document)
	require.Equal(t, "fail", outputs["verdict"], log)

	outputs, summary, log, _ = act(t, "SERVERS=unifi-mcp", "ARGS=--virtual", "BASELINE=nowhere")
	require.Equal(t, "pass", outputs["verdict"])
	require.Contains(t, log, "no baseline at nowhere yet")
	require.NotContains(t, summary, "Against the baseline")

	outputs, _, log, _ = act(t, "SERVERS=unifi-mcp", "ARGS=--virtual", base, "MAX=p42=+1%")
	require.Equal(t, "error", outputs["verdict"], log)
}

// Every input of action.yml is either handed to the script or used by a step,
// and no step has an input in its code.
func TestActionHandsItsInputsOn(t *testing.T) {
	var action struct {
		Inputs map[string]any
		Runs   struct {
			Steps []struct{ Run, Uses, If string }
		}
	}
	text := read(t, "../../action.yml")
	require.NoError(t, yaml.Unmarshal([]byte(text), &action))
	require.NotEmpty(t, action.Inputs)
	script := read(t, "../../scripts/action.sh")
	for name := range action.Inputs {
		require.Contains(t, text, "inputs."+name, "input %s", name)
		variable := strings.ToUpper(name)
		if name != "fail-on-inconclusive" && name != "artifact" {
			require.Contains(t, text, variable+": ${{ inputs."+name+" }}")
			require.True(t, strings.Contains(script, variable) || strings.Contains(script, " "+name), "input %s", name)
		}
	}
	for _, step := range action.Runs.Steps {
		require.NotContains(t, step.Run, "${{", "an input in a script could be code")
	}
}

// Two steps of a job may share a folder: where the second can't judge, what the first found
// isn't told as if it were new.
func TestActionTellsNothingOfAnEarlierStep(t *testing.T) {
	shared := "OUTPUT=" + t.TempDir()
	outputs, _, _, _ := act(t, shared, "SERVERS=unifi-mcp", "ARGS=--virtual")
	require.NotEmpty(t, outputs["run"])
	outputs, summary, _, _ := act(t, shared, "SERVERS=nobody")
	require.Equal(t, "error", outputs["verdict"])
	require.Empty(t, outputs["run"])
	require.NotContains(t, summary, "keeps its limit")
}
