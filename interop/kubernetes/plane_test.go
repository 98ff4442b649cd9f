// Package kubernetes_test runs what mcpload prints for Kubernetes on a real control
// plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback,
// and two nodes whose pods are local processes. scripts/cluster.sh builds and runs it.
package kubernetes_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// image is what deploy/Dockerfile would build.
const image = "ghcr.io/mcpload/mcpload:latest"

// The addresses of nodes, pods and what is loaded: those of documentation (RFC 5737),
// which the namespace of the run has to itself.
const (
	serverAt = "192.0.2.5"
	nodes    = 2
)

// A plane is a running control plane with its nodes.
type plane struct {
	t          *testing.T
	dir        string
	bin        string // where scripts/cluster.sh built everything
	kubeconfig string
}

// start starts everything, and ends it with the test.
func start(t *testing.T) *plane {
	p := &plane{t: t, dir: t.TempDir(), bin: os.Getenv("MCPLOAD_CLUSTER_BIN")}
	if p.bin == "" {
		t.Fatal("MCPLOAD_CLUSTER_BIN is not set: make cluster builds what is needed, and runs this")
	}
	token := random()
	p.kubeconfig = filepath.Join(p.dir, "kubeconfig")
	p.write("kubeconfig", fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: here, context: {cluster: here, user: admin}}]
current-context: here
`, token))
	p.write("tokens.csv", token+",admin,admin,\"system:masters\"\n")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	p.must(err)
	p.write("accounts.pem",
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))

	p.run("etcd", "etcd", "--data-dir", p.path("etcd"), "--listen-client-urls", "http://127.0.0.1:2379",
		"--advertise-client-urls", "http://127.0.0.1:2379",
		"--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380",
		"--initial-cluster", "default=http://127.0.0.1:2380",
		"--unsafe-no-fsync")
	engine := filepath.Join(p.bin, "engine")
	p.run("kube-apiserver", engine, "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=127.0.0.1", "--advertise-address=192.0.2.1",
		"--secure-port=6443", "--cert-dir="+p.path("certs"), "--service-account-issuer=https://127.0.0.1:6443",
		"--service-account-key-file="+p.path("accounts.pem"),
		"--service-account-signing-key-file="+p.path("accounts.pem"), "--service-cluster-ip-range=10.0.0.0/24",
		"--authorization-mode=RBAC",
		"--token-auth-file="+p.path("tokens.csv"), "--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--kubelet-preferred-address-types=InternalIP")
	p.until("the API server is ready", time.Minute, func() bool {
		// our own, just made
		client := http.Client{Timeout: time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		resp, err := client.Get("https://127.0.0.1:6443/readyz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	p.run("kube-controller-manager", engine, "kube-controller-manager", "--kubeconfig="+p.kubeconfig,
		"--service-account-private-key-file="+p.path("accounts.pem"),
		"--use-service-account-credentials=false", "--leader-elect=false", "--bind-address=127.0.0.1",
		"--secure-port=10257")
	p.run("kube-scheduler", engine, "kube-scheduler", "--kubeconfig="+p.kubeconfig, "--leader-elect=false",
		"--bind-address=127.0.0.1", "--secure-port=10259")
	for n := 1; n <= nodes; n++ {
		name := fmt.Sprintf("node-%d", n)
		p.run(name, filepath.Join(p.bin, "agent"), "--name", name, "--address", fmt.Sprintf("192.0.2.%d", 10+n),
			"--pods", fmt.Sprintf("192.0.2.%d", 32*(n+1)),
			"--kubeconfig", p.kubeconfig, "--dir", p.path(name), "--image", image+"="+filepath.Join(p.bin, "mcpload"))
	}
	p.until("both nodes are ready, and no taint keeps pods away", time.Minute, func() bool {
		out, err := p.try("get", "nodes", "--no-headers")
		if err != nil || strings.Count(out, " Ready ") != nodes {
			return false
		}
		out, err = p.try("get", "nodes", "-o", "jsonpath={.items[*].spec.taints}")
		return err == nil && strings.TrimSpace(out) == ""
	})
	return p
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

func (p *plane) path(name string) string { return filepath.Join(p.dir, name) }

func (p *plane) write(name, text string) {
	p.must(os.WriteFile(p.path(name), []byte(text), 0o600))
}

func (p *plane) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// run starts a program that runs as long as the test, and shows the end of its log if
// that fails.
func (p *plane) run(name, program string, args ...string) {
	log, err := os.Create(p.path(name + ".log"))
	p.must(err)
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, p.dir
	p.must(cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		late := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // how it ended is in its log
		late.Stop()
		_ = log.Close()
		if p.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			p.t.Logf("the end of %s's log:\n%s", name, text[max(0, len(text)-2000):])
		}
	})
}

// until waits for something to be so.
func (p *plane) until(what string, within time.Duration, so func() bool) {
	p.t.Helper()
	for began := time.Now(); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Since(began) > within {
			pods, _ := p.try("get", "pods,jobs", "-o", "wide")
			p.t.Fatalf("after %s it is not so that %s\n%s", within, what, pods)
		}
	}
}

// try runs kubectl.
func (p *plane) try(args ...string) (string, error) { return p.tryWith(nil, args...) }

func (p *plane) tryWith(in io.Reader, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "engine"),
		append([]string{"kubectl", "--kubeconfig", p.kubeconfig}, args...)...)
	cmd.Stdin = in
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// kubectl runs it, and it must not fail.
func (p *plane) kubectl(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	p.must(err)
	return out
}

// manifest applies what mcpload prints.
func (p *plane) manifest(args ...string) {
	p.t.Helper()
	text, err := exec.CommandContext(p.t.Context(), filepath.Join(p.bin, "mcpload"),
		append([]string{"kubernetes", "manifest"}, args...)...).Output()
	p.must(err)
	_, err = p.tryWith(bytes.NewReader(text), "apply", "-f", "-")
	p.must(err)
}
