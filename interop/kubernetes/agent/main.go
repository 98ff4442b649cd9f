// Agent is a node of a cluster on one machine: it speaks to the control plane as a
// kubelet does, and its pods are local processes, each in a root of its own with the one
// static program that its image would have.
//
//	agent --name node-1 --address 192.0.2.11 --pods 192.0.2.64 --kubeconfig FILE --dir DIR --image NAME=PROGRAM
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/node"
	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// kubeletPort is where the API server asks for logs.
const kubeletPort = 10250

func main() {
	name := flag.String("name", "", "the node's name")
	address := flag.String("address", "", "the node's IP address")
	pods := flag.String("pods", "", "the first of 32 IP addresses for its pods")
	kubeconfig := flag.String("kubeconfig", "", "how the control plane is reached")
	dir := flag.String("dir", "", "folder for what pods have on their disks")
	image := flag.String("image", "", "the one image that there is, and its program: NAME=PROGRAM")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *name, *address, *pods, *kubeconfig, *dir, *image); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, name, address, pods, kubeconfig, dir, image string) error {
	client, err := nodeutil.ClientsetFromEnv(kubeconfig)
	if err != nil {
		return err
	}
	first, err := netip.ParseAddr(pods)
	if err != nil {
		return err
	}
	imageName, program, ok := strings.Cut(image, "=")
	if !ok {
		return errors.New("--image is NAME=PROGRAM")
	}
	h := newHost(client, address, first, dir, imageName, program)
	cert, err := selfSigned(address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	n, err := nodeutil.NewNode(name, func(c nodeutil.ProviderConfig) (nodeutil.Provider, node.NodeProvider, error) {
		describe(c.Node, address)
		return h, nil, nil
	}, nodeutil.WithClient(client), func(c *nodeutil.NodeConfig) error {
		c.HTTPListenAddr = net.JoinHostPort(address, fmt.Sprint(kubeletPort))
		c.Handler, c.TLSConfig = mux, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		return nil
	}, nodeutil.AttachProviderRoutes(mux))
	if err != nil {
		return err
	}
	go h.names(ctx)
	defer h.end()
	return n.Run(ctx)
}

// describe says what the node has.
func describe(n *corev1.Node, address string) {
	has := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("16"),
		corev1.ResourceMemory: resource.MustParse("32Gi"),
		corev1.ResourcePods:   resource.MustParse("32"), corev1.ResourceEphemeralStorage: resource.MustParse("32Gi")}
	n.Status.Capacity, n.Status.Allocatable = has, has
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address},
		{Type: corev1.NodeHostName, Address: n.Name}}
	n.Status.DaemonEndpoints.KubeletEndpoint.Port = kubeletPort
	n.Status.NodeInfo = corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64",
		KubeletVersion: "v1.34.4"}
}

// selfSigned is a certificate that nobody checks, for the address.
func selfSigned(address string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)}}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
