package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	statsv1alpha1 "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
)

// A host runs the pods of a node.
type host struct {
	client         kubernetes.Interface
	address        string
	first          netip.Addr
	dir            string
	image, program string

	mu     sync.Mutex
	pods   map[string]*running // by namespace/name
	taken  int                 // addresses
	notify func(*corev1.Pod)
	hosts  string // what every pod's /etc/hosts has
}

func newHost(client kubernetes.Interface, address string, first netip.Addr, dir, image, program string) *host {
	return &host{client: client, address: address, first: first, dir: dir, image: image, program: program,
		pods: map[string]*running{}, notify: func(*corev1.Pod) {}}
}

func key(namespace, name string) string { return namespace + "/" + name }

// NotifyPods implements node.PodNotifier.
func (h *host) NotifyPods(_ context.Context, notify func(*corev1.Pod)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notify = notify
}

// ip is the next address of a pod.
func (h *host) ip() string {
	a := h.first
	for range h.taken % 32 {
		a = a.Next()
	}
	h.taken++
	return a.String()
}

// CreatePod starts a pod's process.
func (h *host) CreatePod(_ context.Context, pod *corev1.Pod) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pods[key(pod.Namespace, pod.Name)] != nil {
		return nil
	}
	r := &running{host: h, pod: pod.DeepCopy(), ip: h.ip(), root: filepath.Join(h.dir, string(pod.UID)),
		ended: make(chan struct{})}
	if err := r.start(); err != nil {
		return fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	h.pods[key(pod.Namespace, pod.Name)] = r
	go h.notify(r.now())
	return nil
}

// UpdatePod has nothing that could change.
func (h *host) UpdatePod(context.Context, *corev1.Pod) error { return nil }

// DeletePod ends a pod's process as a kubelet does: gently, and after its time of grace
// for good.
func (h *host) DeletePod(_ context.Context, pod *corev1.Pod) error {
	r := h.running(pod.Namespace, pod.Name)
	if r == nil {
		return errdefs.NotFound("there is no such pod")
	}
	grace := 30 * time.Second
	if pod.DeletionGracePeriodSeconds != nil {
		grace = time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	}
	r.stop(grace)
	return nil
}

func (h *host) running(namespace, name string) *running {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pods[key(namespace, name)]
}

// GetPod returns a pod as it is.
func (h *host) GetPod(_ context.Context, namespace, name string) (*corev1.Pod, error) {
	r := h.running(namespace, name)
	if r == nil {
		return nil, errdefs.NotFound("there is no such pod")
	}
	return r.now(), nil
}

// GetPodStatus returns how a pod is.
func (h *host) GetPodStatus(ctx context.Context, namespace, name string) (*corev1.PodStatus, error) {
	pod, err := h.GetPod(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	return &pod.Status, nil
}

// GetPods returns all pods.
func (h *host) GetPods(context.Context) (list []*corev1.Pod, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.pods {
		list = append(list, r.now())
	}
	return list, nil
}

// GetContainerLogs returns what a pod's process has said; it follows by reading until it
// has ended.
func (h *host) GetContainerLogs(_ context.Context, namespace, name, _ string, o api.ContainerLogOpts) (io.ReadCloser,
	error) {
	r := h.running(namespace, name)
	if r == nil {
		return nil, errdefs.NotFound("there is no such pod")
	}
	if o.Follow {
		<-r.ended
	}
	return os.Open(r.log())
}

var errNot = errors.New("this node has nothing to enter")

// RunInContainer is not needed.
func (h *host) RunInContainer(context.Context, string, string, string, []string, api.AttachIO) error {
	return errNot
}

// AttachToContainer is not needed.
func (h *host) AttachToContainer(context.Context, string, string, string, api.AttachIO) error {
	return errNot
}

// PortForward is not needed.
func (h *host) PortForward(context.Context, string, string, int32, io.ReadWriteCloser) error {
	return errNot
}

// GetStatsSummary is not needed.
func (h *host) GetStatsSummary(context.Context) (*statsv1alpha1.Summary, error) { return nil, errNot }

// GetMetricsResource is not needed.
func (h *host) GetMetricsResource(context.Context) ([]*dto.MetricFamily, error) { return nil, errNot }

// names stands in for a cluster's DNS: it writes the addresses behind all services into
// the /etc/hosts of all pods, again and again.
func (h *host) names(ctx context.Context) {
	for ctx.Err() == nil {
		if text, err := h.resolved(ctx); err == nil {
			h.mu.Lock()
			h.hosts = text
			for _, r := range h.pods {
				r.writeHosts()
			}
			h.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (h *host) resolved(ctx context.Context) (string, error) {
	list, err := h.client.DiscoveryV1().EndpointSlices("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("127.0.0.1 localhost\n")
	for _, s := range list.Items {
		service := s.Labels["kubernetes.io/service-name"]
		for _, e := range s.Endpoints {
			if service == "" || len(e.Addresses) == 0 || e.Conditions.Terminating != nil && *e.Conditions.Terminating {
				continue
			}
			fmt.Fprintf(&text, "%s %s %s.%s.svc %s.%s.svc.cluster.local\n", e.Addresses[0], service, service,
				s.Namespace, service, s.Namespace)
		}
	}
	return text.String(), nil
}

// end ends all that still runs.
func (h *host) end() {
	h.mu.Lock()
	list := make([]*running, 0, len(h.pods))
	for _, r := range h.pods {
		list = append(list, r)
	}
	h.mu.Unlock()
	for _, r := range list {
		r.stop(0)
		<-r.ended
	}
}
