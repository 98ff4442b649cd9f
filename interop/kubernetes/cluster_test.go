package kubernetes_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCluster has the runs of several pods that documentation promises, one after the
// other on one control plane.
func TestCluster(t *testing.T) {
	p := start(t)
	p.t = t
	p.prepare()
	for _, part := range []struct {
		name string
		do   func(*plane)
	}{
		{"ARunOfThreePods", (*plane).threePods},
		{"AWorkersPodIsDeleted", (*plane).workerDeleted},
		{"ANodeIsDrained", (*plane).nodeDrained},
		{"TheCoordinatorIsRestarted", (*plane).coordinatorRestarted},
		{"Kustomize", (*plane).kustomized},
	} {
		t.Run(part.name, func(t *testing.T) {
			p.t = t
			began := time.Now()
			defer p.remove()
			part.do(p)
			t.Logf("%s took %s", part.name, time.Since(began).Round(time.Second))
		})
		p.t = t
	}
}

// prepare makes what every run needs: the two secrets, the server, and a namespace that
// lets nothing in but restricted pods.
func (p *plane) prepare() {
	p.kubectl("label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
	p.kubectl("create", "secret", "generic", "mcpload-token", "--from-literal=token="+random())
	made, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-days", "365",
		"-keyout", p.path("tls.key"), "-out", p.path("tls.crt"), "-subj", "/CN=mcpload-coordinator", "-addext",
		"subjectAltName=DNS:mcpload-coordinator").CombinedOutput()
	if err != nil {
		p.t.Fatalf("openssl: %v: %s", err, made)
	}
	p.kubectl("create", "secret", "tls", "mcpload-tls", "--cert", p.path("tls.crt"), "--key", p.path("tls.key"))
	p.run("server", filepath.Join(p.bin, "mcpload"), "mock", "--server", "acb", "--rate", "5000/s", "--burst", "5000",
		"--addr", serverAt+":8000")
	p.write("server.yaml", fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: server, namespace: default}
spec: {clusterIP: None, ports: [{name: http, port: 8000}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: server, namespace: default, labels: {kubernetes.io/service-name: server}}
addressType: IPv4
endpoints: [{addresses: [%q]}]
ports: [{name: http, port: 8000}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: kept}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], storageClassName: "", hostPath: {path: /kept}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kept, namespace: default}
spec: {accessModes: [ReadWriteMany], storageClassName: "", resources: {requests: {storage: 1Gi}}}
`, serverAt))
	p.kubectl("apply", "-f", p.path("server.yaml"))
}

// load is what the pods send: so many calls a second, for so long.
func load(rate int, seconds int) []string {
	return []string{"--", "load", "--url", "http://server.default.svc:8000/mcp", "--tool", "echo",
		"--rate", fmt.Sprintf("%d/s", rate), "--duration", fmt.Sprintf("%ds", seconds)}
}

// get is one field of an object.
func (p *plane) get(what, jsonpath string) string {
	out, err := p.try(append(append([]string{"get"}, strings.Fields(what)...), "-o", "jsonpath="+jsonpath)...)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// ended waits for a Job's end and says how it ended: Complete or Failed.
func (p *plane) ended(job string) (how string) {
	p.t.Helper()
	p.until(job+" has ended", 90*time.Second, func() bool {
		how = p.get("job/"+job, `{.status.conditions[?(@.status=="True")].type}`)
		return strings.Contains(how, "Complete") || strings.Contains(how, "Failed")
	})
	return how
}

// said is what the last pod of a Job has logged.
func (p *plane) said(job string) string {
	pods := strings.Fields(p.kubectl("get", "pods", "-l", "job-name="+job, "--sort-by=.metadata.creationTimestamp",
		"-o", "name"))
	if len(pods) == 0 {
		p.t.Fatalf("%s has no pod", job)
	}
	return p.kubectl("logs", pods[len(pods)-1])
}

// begun waits until the plan has begun.
func (p *plane) begun() {
	p.until("the plan has begun", time.Minute, func() bool {
		pod := p.get("pods -l job-name=mcpload-coordinator", "{.items[0].metadata.name}")
		if pod == "" {
			return false
		}
		text, err := os.ReadFile(p.logOf(pod))
		return err == nil && strings.Contains(string(text), "are ready, and begin")
	})
}

// logOf is the file in which a node writes what a pod says.
func (p *plane) logOf(pod string) string {
	return filepath.Join(p.path(p.get("pod/"+pod, "{.spec.nodeName}")), p.get("pod/"+pod, "{.metadata.uid}")+".log")
}

func (p *plane) wants(text string, parts ...string) {
	p.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			p.t.Errorf("there is no %q in:\n%s", part, text)
		}
	}
}

// remove takes a run away as the help says, and sees that nothing is left.
func (p *plane) remove() {
	p.kubectl("delete", "job,service,cronjob", "-l", "app.kubernetes.io/instance=mcpload")
	p.until("no pod is left", time.Minute, func() bool {
		out, err := p.try("get", "pods", "--no-headers", "-l", "app.kubernetes.io/instance=mcpload")
		return err == nil && strings.Contains(out, "No resources")
	})
}

func (p *plane) threePods() {
	p.manifest(append([]string{"--workers", "3", "--cpu", "100m", "--memory", "64Mi"}, load(60, 6)...)...)
	if how := p.ended("mcpload-coordinator"); !strings.Contains(how, "Complete") {
		p.t.Errorf("the coordinator's job: %s", how)
	}
	if how := p.ended("mcpload-worker"); !strings.Contains(how, "Complete") {
		p.t.Errorf("the workers' job: %s", how)
	}
	p.wants(p.said("mcpload-coordinator"), "360 calls sent", "all 3", "pass: ")
	if on := strings.Fields(p.kubectl("get", "pods", "-l", "job-name=mcpload-worker", "-o",
		"jsonpath={.items[*].spec.nodeName}")); len(on) != 3 ||
		!strings.Contains(fmt.Sprint(on), "node-1") || !strings.Contains(fmt.Sprint(on), "node-2") {
		p.t.Errorf("three workers are not spread over two nodes, but on %q", on)
	}
	indexes := p.kubectl("get", "job/mcpload-worker", "-o", "jsonpath={.status.completedIndexes}")
	p.wants(indexes, "0-2")
}

func (p *plane) workerDeleted() {
	p.manifest(append([]string{"--workers", "3", "--cpu", "100m", "--memory", "64Mi"}, load(60, 12)...)...)
	p.begun()
	time.Sleep(5 * time.Second)
	pod := p.get("pods -l job-name=mcpload-worker,batch.kubernetes.io/job-completion-index=1",
		"{.items[0].metadata.name}")
	p.kubectl("delete", "pod", pod, "--grace-period=1", "--wait=false")
	if how := p.ended("mcpload-coordinator"); !strings.Contains(how, "Failed") {
		p.t.Errorf("the coordinator's job, one of whose workers was deleted: %s", how)
	}
	p.wants(p.said("mcpload-coordinator"), "inconclusive: ", "shard 2")
}

func (p *plane) nodeDrained() {
	p.manifest(append([]string{"--workers", "4", "--cpu", "100m", "--memory", "64Mi"}, load(80, 14)...)...)
	p.begun()
	time.Sleep(4 * time.Second)
	coordinator := p.get("pods -l job-name=mcpload-coordinator", "{.items[0].spec.nodeName}")
	node := map[string]string{"node-1": "node-2", "node-2": "node-1"}[coordinator]
	p.kubectl("drain", node, "--delete-emptydir-data", "--force", "--grace-period=1", "--timeout=60s")
	defer p.kubectl("uncordon", node)
	if how := p.ended("mcpload-coordinator"); !strings.Contains(how, "Failed") {
		p.t.Errorf("the coordinator's job, whose workers' node was drained: %s", how)
	}
	p.wants(p.said("mcpload-coordinator"), "inconclusive: ")
}

// coordinatorRestarted has the coordinator's process killed, and then its node drained:
// the claim has its state, and each time the Job makes another pod that goes on.
func (p *plane) coordinatorRestarted() {
	p.manifest(append([]string{"--workers", "3", "--cpu", "100m", "--memory", "64Mi", "--claim", "kept"},
		load(60, 28)...)...)
	p.begun()
	time.Sleep(3 * time.Second)
	first := p.get("pods -l job-name=mcpload-coordinator", "{.items[0].metadata.name}")
	p.kubectl("delete", "pod", first, "--wait=false")
	p.until("another coordinator goes on", time.Minute, func() bool {
		pod := p.get("pods -l job-name=mcpload-coordinator --sort-by=.metadata.creationTimestamp",
			"{.items[-1:].metadata.name}")
		if pod == "" || pod == first {
			return false
		}
		text, err := os.ReadFile(p.logOf(pod))
		return err == nil && strings.Contains(string(text), "went on with the state in /results/state-")
	})
	if how := p.ended("mcpload-coordinator"); !strings.Contains(how, "Complete") {
		p.t.Errorf("the coordinator's job: %s", how)
	}
	if how := p.ended("mcpload-worker"); !strings.Contains(how, "Complete") {
		p.t.Errorf("the workers' job: %s", how)
	}
	p.wants(p.said("mcpload-coordinator"), "1680 calls sent", "all 3", "pass: ")
	kept, err := filepath.Glob(p.path("claim-kept/runs/*"))
	if left, _ := filepath.Glob(p.path("claim-kept/state-*")); err != nil || len(kept) != 1 || len(left) != 0 {
		p.t.Errorf("the claim has the runs %q and the states %q", kept, left)
	}
}

// kustomized applies what deploy/kubernetes has, changed as its first lines say, and
// starts the nightly run by hand.
func (p *plane) kustomized() {
	deploy, err := filepath.Abs("../../deploy/kubernetes")
	p.must(err)
	for _, nightly := range []bool{false, true} {
		base, kind, spec := deploy, "Job", "/spec/template/spec/containers/0/args/"
		if nightly {
			base, kind, spec = filepath.Join(deploy, "nightly"), "CronJob", "/spec/jobTemplate"+spec
		}
		over := p.path(kind)
		p.must(os.MkdirAll(over, 0o755))
		relative, err := filepath.Rel(over, base)
		p.must(err)
		p.write(filepath.Join(kind, "kustomization.yaml"), fmt.Sprintf(`resources: [%s]
patches:
  - target: {kind: %s, name: mcpload-coordinator}
    patch: |-
      - {op: test, path: %[3]s21, value: 1m}
      - {op: replace, path: %[3]s21, value: 5s}
`, relative, kind, spec))
		p.kubectl("apply", "-k", over)
		if nightly {
			for _, name := range []string{"mcpload-coordinator", "mcpload-worker"} {
				p.kubectl("create", "job", name, "--from=cronjob/"+name)
			}
		}
		if how := p.ended("mcpload-coordinator"); !strings.Contains(how, "Complete") {
			p.t.Errorf("the coordinator's job: %s\n%s", how, p.said("mcpload-coordinator"))
		}
		p.wants(p.said("mcpload-coordinator"), "1500 calls sent", "all 3")
		p.remove() // the next run has objects of the same names
	}
}
