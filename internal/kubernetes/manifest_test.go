package kubernetes

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write deploy/kubernetes anew")

// example is what deploy/kubernetes is made of.
var example = Config{Name: "mcpload", Workers: 3, Image: "ghcr.io/mcpload/mcpload:latest", TokenSecret: "mcpload-token",
	TLSSecret: "mcpload-tls",
	Args: []string{"load", "--url", "http://server.default.svc:8000/mcp", "--method", "tools/list", "--rate", "300/s",
		"--duration", "1m", "--threshold", "p99<250ms"},
	TTL: 24 * time.Hour, CPU: "1", Memory: "512Mi"}

// objects are a manifest's documents by their kind and component.
func objects(t *testing.T, c Config) map[string]node {
	text, err := Manifest(c)
	require.NoError(t, err)
	all := map[string]node{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o node
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all[o["kind"].(string)+" "+at(o, "metadata", "labels", "app.kubernetes.io/component").(string)] = o
	}
	require.Len(t, all, 3)
	return all
}

// at is what stands below keys.
func at(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			v = v.(node)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}

func TestWorkersAreAnIndexedJob(t *testing.T) {
	all := objects(t, example)
	spec := at(all["Job worker"], "spec").(node)
	require.Equal(t, "Indexed", spec["completionMode"])
	require.Equal(t, 3, spec["completions"])
	require.Equal(t, 3, spec["parallelism"])
	require.Equal(t, 1, spec["backoffLimitPerIndex"])
	require.NotContains(t, spec, "backoffLimit", "it would end all workers for two that failed")
	require.Equal(t, 86400, spec["ttlSecondsAfterFinished"])
	spread := at(spec, "template", "spec", "topologySpreadConstraints", 0).(node)
	require.Equal(t, "kubernetes.io/hostname", spread["topologyKey"])
	require.Equal(t, at(spec, "template", "metadata", "labels"), at(spread, "labelSelector", "matchLabels"))
	args := at(spec, "template", "spec", "containers", 0, "args").([]any)
	require.Equal(t, "work", args[0])
	require.Equal(t, "mcpload-coordinator:7070", args[len(args)-1])
	require.Equal(t, at(all["Service coordinator"], "metadata", "name"), "mcpload-coordinator")
	require.Equal(t, at(all["Service coordinator"], "spec", "selector"), at(all["Job coordinator"], "spec", "template",
		"metadata", "labels"))
}

func TestTheCoordinatorGetsThePlan(t *testing.T) {
	c := example
	c.Args = append(slices.Clone(c.Args), "--args", `{"q":"$(HOME): \"x\""}`)
	spec := at(objects(t, c)["Job coordinator"], "spec").(node)
	require.Equal(t, 0, spec["backoffLimit"])
	var args []string
	for _, a := range at(spec, "template", "spec", "containers", 0, "args").([]any) {
		args = append(args, a.(string))
	}
	require.Equal(t, []string{"coordinate", "--shards", "3"}, args[:3])
	got := args[slices.Index(args, "--")+1:]
	require.Equal(t, example.Args, got[:len(got)-2])
	require.Equal(t, `{"q":"$$(HOME): \"x\""}`, got[len(got)-1], "no variable of the pod's")
}

// With a claim the coordinator's state outlives its pod: it is started again where that
// dies, and never where it has judged.
func TestACoordinatorWithAClaimIsStartedAgain(t *testing.T) {
	c := example
	c.Claim = "kept"
	spec := at(objects(t, c)["Job coordinator"], "spec").(node)
	require.Equal(t, 3, spec["backoffLimit"])
	require.Equal(t, "Failed", spec["podReplacementPolicy"])
	rules := at(spec, "podFailurePolicy", "rules")
	require.Equal(t, "Ignore", at(rules, 0, "action"))
	require.Equal(t, "DisruptionTarget", at(rules, 0, "onPodConditions", 0, "type"))
	require.Equal(t, "FailJob", at(rules, 1, "action"))
	require.Equal(t, []any{1, 2, 3}, at(rules, 1, "onExitCodes", "values"))
	box := at(spec, "template", "spec", "containers", 0).(node)
	require.Equal(t, at(rules, 1, "onExitCodes", "containerName"), box["name"])
	args := box["args"].([]any)
	state := args[slices.Index(args, any("--state"))+1]
	require.Less(t, slices.Index(args, any("--state")), slices.Index(args, any("--")))
	require.Equal(t, "/results/state-$(JOB_UID)", state)
	require.Equal(t, "JOB_UID", at(box, "env", 3, "name"))
	require.Equal(t, "metadata.labels['batch.kubernetes.io/controller-uid']", at(box, "env", 3, "valueFrom", "fieldRef",
		"fieldPath"))
	require.Equal(t, "kept", at(spec, "template", "spec", "volumes", 1, "persistentVolumeClaim", "claimName"))
	require.NotContains(t, at(objects(t, example)["Job coordinator"], "spec", "template", "spec", "containers", 0,
		"args"), "--state")
}

// Every pod is what the restricted Pod Security Standard (v1.34) asks for.
func TestPodsAreRestricted(t *testing.T) {
	for _, schedule := range []string{"", "0 3 * * *"} {
		c := example
		c.Schedule = schedule
		for name, o := range objects(t, c) {
			if o["kind"] == "Service" {
				continue
			}
			spec := at(o, "spec").(node)
			if schedule != "" {
				require.Equal(t, "CronJob", o["kind"])
				require.Equal(t, schedule, spec["schedule"])
				spec = at(spec, "jobTemplate", "spec").(node)
			}
			pod := at(spec, "template", "spec").(node)
			require.Equal(t, "Never", pod["restartPolicy"])
			require.Equal(t, false, pod["automountServiceAccountToken"], name)
			require.Equal(t, true, at(pod, "securityContext", "runAsNonRoot"))
			require.NotZero(t, at(pod, "securityContext", "runAsUser"))
			require.Equal(t, "RuntimeDefault", at(pod, "securityContext", "seccompProfile", "type"))
			for _, forbidden := range []string{"hostNetwork", "hostPID", "hostIPC"} {
				require.NotContains(t, pod, forbidden)
			}
			box := at(pod, "containers", 0).(node)
			require.Equal(t, node{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
				"capabilities": node{"drop": []any{"ALL"}}}, box["securityContext"])
			require.NotEmpty(t, at(box, "resources", "requests", "cpu"))
			require.NotEmpty(t, at(box, "resources", "limits", "memory"))
			for _, v := range pod["volumes"].([]any) {
				require.NotContains(t, v, "hostPath")
			}
		}
	}
}

// A secret is named and never written down, and the certificate's key is the
// coordinator's alone.
func TestSecretsAreReferences(t *testing.T) {
	c := example
	c.EnvSecret = "mcpload-env"
	all := objects(t, c)
	worker := at(all["Job worker"], "spec", "template", "spec").(node)
	require.Equal(t, node{"name": "mcpload-token", "key": "token"}, at(worker, "containers", 0, "env", 0, "valueFrom",
		"secretKeyRef"))
	require.Equal(t, "mcpload-env", at(worker, "containers", 0, "envFrom", 0, "secretRef", "name"))
	require.Equal(t, []any{node{"key": "tls.crt", "path": "tls.crt"}}, at(worker, "volumes", 2, "secret", "items"))
	require.NotContains(t, at(all["Job coordinator"], "spec", "template", "spec", "containers", 0).(node), "envFrom")
}

func TestWhatIsNoManifest(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`the name "No Name" is no name of an object`: func(c *Config) { c.Name = "No Name" },
		"0 workers are not from 1 to 10000":          func(c *Config) { c.Workers = 0 },
		"there is no image, or nothing to send":      func(c *Config) { c.Args = nil },
		`are no quantities`:                          func(c *Config) { c.Memory = "much" },
		"need names":                                 func(c *Config) { c.TokenSecret = "" },
	} {
		c := example
		change(&c)
		_, err := Manifest(c)
		require.ErrorContains(t, err, want)
	}
}

// deploy/kubernetes has the same objects, once and for every night.
func TestDeployed(t *testing.T) {
	nightly := example
	nightly.Schedule = "0 3 * * *"
	for name, c := range map[string]Config{"run.yaml": example, "nightly/nightly.yaml": nightly} {
		path := filepath.Join("..", "..", "deploy", "kubernetes", filepath.FromSlash(name))
		text, err := Manifest(c)
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(path, text, 0o644))
		}
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(text), string(kept), "go test ./internal/kubernetes -update writes %s anew", name)
		var k struct {
			Kind      string
			Resources []string
		}
		list, err := os.ReadFile(filepath.Join(filepath.Dir(path), "kustomization.yaml"))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(list, &k))
		require.Equal(t, "Kustomization", k.Kind)
		require.Equal(t, []string{filepath.Base(path)}, k.Resources)
	}
}
