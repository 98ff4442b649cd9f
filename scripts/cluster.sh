#!/usr/bin/env bash
# Runs what mcpload prints for Kubernetes on a real control plane: etcd, kube-apiserver,
# kube-controller-manager and kube-scheduler, built from the Go proxy, and two nodes
# whose pods are local processes. All of it has a network namespace of its own, so that
# nothing can be sent but over its loopback. The first build takes minutes; it is kept
# below $MCPLOAD_TEST_CACHE, or ~/.cache/mcpload-test.
#
# It needs Linux, root (namespaces, and pods that run as another user in a root of their
# own), Go, openssl and iproute2; etcd is installed from the system's packages where it
# is missing. --build builds what it runs, and no more.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly GO=${GO:-go} VERSION=v1.34.4 # of Kubernetes, as in interop/kubernetes/go.mod
say() { printf 'cluster: %s\n' "$*" >&2; }

if [[ $(uname) != Linux ]] || ((EUID != 0)); then
	say "ERROR: this needs Linux and root: sudo -E make cluster"
	exit 3
fi
for tool in "$GO" openssl ip unshare; do
	command -v "$tool" >/dev/null || { say "ERROR: there is no $tool"; exit 3; }
done
if ! command -v etcd >/dev/null; then
	say "installing etcd"
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server; } >&2 ||
		{ say "ERROR: etcd was not installed"; exit 3; }
fi

unshare --net --mount --pid --fork true 2>/dev/null || { say "ERROR: this machine lets nobody make namespaces"; exit 3; }
bin=$(scripts/live-setup.sh --path)/cluster
mkdir -p "$bin"
exec 9>"$bin/.lock"
flock 9 # one build at a time
began=$SECONDS
CGO_ENABLED=0 "$GO" build -trimpath -o "$bin/mcpload" ./cmd/mcpload
cd interop/kubernetes
# A control plane refuses to start without a version.
stamp="$VERSION $(cksum engine/*.go go.mod | cksum) $("$GO" env GOVERSION)"
if [[ ! -x $bin/engine || ! -f $bin/.made || $(<"$bin/.made") != "$stamp" ]]; then
	say "building Kubernetes $VERSION, which takes minutes"
	"$GO" build -o "$bin/engine" -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$VERSION
		-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34" ./engine
	printf '%s\n' "$stamp" >"$bin/.made"
fi
"$GO" build -o "$bin/agent" -ldflags '-s -w' ./agent
"$GO" test -c -o "$bin/cluster.test" .
say "built in $((SECONDS - began)) s"
exec 9>&-
[[ ${1:-} != --build ]] || exit 0

# The addresses of nodes and pods are those of documentation, on the namespace's loopback.
export MCPLOAD_CLUSTER_BIN=$bin
exec unshare --net --mount --pid --fork --mount-proc --kill-child sh -c '
	mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up && ip route add local 192.0.2.0/24 dev lo &&
	exec "$MCPLOAD_CLUSTER_BIN/cluster.test" -test.v -test.timeout 15m "$@"' sh "$@"
