// Package kubernetes writes the manifests by which a cluster's own machinery runs a
// plan from several pods: an Indexed Job of workers, and a Job and a Service for the
// coordinator.
//
// Most users want Manifest, whose text kubectl apply -f - takes. The package speaks to
// no cluster and needs no library of one.
package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Config is what the manifests are of.
type Config struct {
	Name        string        // of all objects, and the label to clean up by
	Namespace   string        // empty: that of whoever applies them
	Workers     int           // pods that send a part each
	Image       string        // of mcpload
	Args        []string      // what is sent: load or run, and its flags
	TokenSecret string        // Secret whose key "token" coordinator and workers share
	TLSSecret   string        // Secret of type kubernetes.io/tls that the coordinator shows
	EnvSecret   string        // Secret whose keys the workers have as variables; empty: none
	Claim       string        // PersistentVolumeClaim that results are kept on; empty: they are printed only
	Schedule    string        // of CronJobs in place of Jobs, such as "0 3 * * *"; empty: once, now
	TTL         time.Duration // after which finished Jobs go
	CPU, Memory string        // that each worker asks for, such as 1 and 512Mi
}

// A node is a mapping of a manifest. Its keys are written in order of the alphabet.
type node = map[string]any

var (
	nameForm     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$`)
	quantityForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$`)
)

const port = 7070

// fault says what is wrong with a Config.
func (c *Config) fault() error {
	for _, n := range []struct{ what, name string }{{"name", c.Name}, {"namespace", c.Namespace},
		{"token secret", c.TokenSecret},
		{"TLS secret", c.TLSSecret}, {"env secret", c.EnvSecret}, {"claim", c.Claim}} {
		if n.name != "" && !nameForm.MatchString(n.name) {
			return fmt.Errorf("the %s %q is no name of an object: small letters, digits and hyphens", n.what, n.name)
		}
	}
	switch {
	case c.Name == "" || c.TokenSecret == "" || c.TLSSecret == "":
		return errors.New("the objects, the token's secret and the certificate's need names")
	case c.Workers < 1 || c.Workers > 10_000:
		return fmt.Errorf("%d workers are not from 1 to 10000", c.Workers)
	case c.Image == "" || len(c.Args) == 0:
		return errors.New("there is no image, or nothing to send")
	case c.TTL < 0:
		return fmt.Errorf("a TTL of %s is below 0", c.TTL)
	case !quantityForm.MatchString(c.CPU) || !quantityForm.MatchString(c.Memory):
		return fmt.Errorf("%q and %q are no quantities such as 500m and 512Mi", c.CPU, c.Memory)
	}
	return nil
}

// Manifest is the text of all objects, one document each: a Service, the coordinator,
// and the workers.
func Manifest(c Config) ([]byte, error) {
	if err := c.fault(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, object := range []node{c.service(), c.job("coordinator", c.coordinator()), c.job("worker", c.workers())} {
		if err := enc.Encode(object); err != nil {
			return nil, fmt.Errorf("%w", err)
		}
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	return out.Bytes(), nil
}

// labels are those of one component, by which all of them are found and removed.
func (c *Config) labels(component string) node {
	return node{"app.kubernetes.io/name": "mcpload", "app.kubernetes.io/instance": c.Name,
		"app.kubernetes.io/component": component}
}

func (c *Config) metadata(name, component string) node {
	m := node{"name": name, "labels": c.labels(component)}
	if c.Namespace != "" {
		m["namespace"] = c.Namespace
	}
	return m
}

// service is the name by which workers find the coordinator.
func (c *Config) service() node {
	return node{"apiVersion": "v1", "kind": "Service", "metadata": c.metadata(c.coordinatorName(), "coordinator"),
		"spec": node{"clusterIP": "None", "publishNotReadyAddresses": true, "selector": c.labels("coordinator"),
			"ports": []any{node{"name": "https", "port": port, "targetPort": port}}}}
}

func (c *Config) coordinatorName() string { return c.Name + "-coordinator" }

// job is a Job of pods of a kind, or a CronJob where there is a schedule.
func (c *Config) job(component string, spec node) node {
	meta := c.metadata(c.Name+"-"+component, component)
	if c.Schedule == "" {
		return node{"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}
	}
	return node{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": node{
		"schedule": c.Schedule, "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 300,
		"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 3,
		"jobTemplate": node{"metadata": node{"labels": c.labels(component)}, "spec": spec}}}
}

// coordinator is the one pod that hands out and judges. Where results are kept on a
// claim its state is too, and it is started again wherever it dies; else what it knew
// dies with it, and its workers keep theirs.
func (c *Config) coordinator() node {
	args := []any{"coordinate", "--shards", strconv.Itoa(c.Workers), "--addr", ":" + strconv.Itoa(port),
		"--cert", "/tls/tls.crt", "--key", "/tls/tls.key", "--results", "/results", "--no-tui"}
	if c.Claim != "" {
		args = append(args, "--state", "/results/state-$(JOB_UID)") // another Job has another
	}
	args = append(args, "--")
	for _, a := range c.Args {
		args = append(args, strings.ReplaceAll(a, "$(", "$$(")) // which would name a variable
	}
	pod := c.pod("coordinator", args, node{"requests": node{"cpu": "250m", "memory": "512Mi"},
		"limits": node{"memory": "2Gi"}})
	spec := node{"backoffLimit": 0, "completions": 1, "parallelism": 1, "ttlSecondsAfterFinished": int(c.TTL.Seconds()),
		"template": pod}
	if c.Claim == "" {
		return spec
	}
	box := pod["spec"].(node)["containers"].([]any)[0].(node)
	box["env"] = append(box["env"].([]any), node{"name": "JOB_UID",
		"valueFrom": node{"fieldRef": node{"fieldPath": "metadata.labels['batch.kubernetes.io/controller-uid']"}}})
	spec["backoffLimit"], spec["podReplacementPolicy"] = 3, "Failed"
	spec["podFailurePolicy"] = node{"rules": []any{
		node{"action": "Ignore", "onPodConditions": []any{node{"type": "DisruptionTarget"}}}, // a node was drained
		node{"action": "FailJob", "onExitCodes": node{"containerName": "coordinator", "operator": "In",
			"values": []any{1, 2, 3}}},
	}}
	return spec
}

// workers are as many pods as there are shards, each with its index. One that fails
// before the plan begins is started once more.
func (c *Config) workers() node {
	args := []any{"work", "--cacert", "/tls/tls.crt", "--results", "/results", "--no-tui", c.coordinatorName() + ":" +
		strconv.Itoa(port)}
	pod := c.pod("worker", args, node{"requests": node{"cpu": c.CPU, "memory": c.Memory},
		"limits": node{"memory": c.Memory}})
	spec := pod["spec"].(node)
	spec["topologySpreadConstraints"] = []any{node{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
		"whenUnsatisfiable": "ScheduleAnyway",
		"labelSelector":     node{"matchLabels": c.labels("worker")}}}
	return node{"completionMode": "Indexed", "completions": c.Workers, "parallelism": c.Workers,
		"backoffLimitPerIndex": 1,
		"podReplacementPolicy": "Failed", "ttlSecondsAfterFinished": int(c.TTL.Seconds()), "template": pod}
}

// pod is a pod that the restricted Pod Security Standard lets in.
func (c *Config) pod(component string, args []any, resources node) node {
	secret := func(name, key string) node { return node{"secretKeyRef": node{"name": name, "key": key}} }
	container := node{"name": component, "image": c.Image, "args": args, "resources": resources,
		"env": []any{
			node{"name": "MCPLOAD_TOKEN", "valueFrom": secret(c.TokenSecret, "token")},
			node{"name": "MCPLOAD_SHARDS", "value": strconv.Itoa(c.Workers)},
			node{"name": "HOME", "value": "/tmp"},
		},
		"securityContext": node{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"capabilities": node{"drop": []any{"ALL"}}},
		"volumeMounts": []any{node{"name": "tmp", "mountPath": "/tmp"}, node{"name": "results",
			"mountPath": "/results"},
			node{"name": "tls", "mountPath": "/tls", "readOnly": true}},
	}
	if component == "coordinator" {
		container["ports"] = []any{node{"name": "https", "containerPort": port}}
	} else if c.EnvSecret != "" {
		container["envFrom"] = []any{node{"secretRef": node{"name": c.EnvSecret}}}
	}
	results := node{"name": "results", "emptyDir": node{}}
	if c.Claim != "" && component == "coordinator" {
		results = node{"name": "results", "persistentVolumeClaim": node{"claimName": c.Claim}}
	}
	tls := node{"secretName": c.TLSSecret}
	if component == "worker" {
		tls["items"] = []any{node{"key": "tls.crt", "path": "tls.crt"}} // the key is the coordinator's alone
	}
	return node{"metadata": node{"labels": c.labels(component)}, "spec": node{
		"restartPolicy": "Never", "automountServiceAccountToken": false,
		"securityContext": node{"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
			"seccompProfile": node{"type": "RuntimeDefault"}},
		"containers": []any{container},
		"volumes":    []any{node{"name": "tmp", "emptyDir": node{}}, results, node{"name": "tls", "secret": tls}},
	}}
}
