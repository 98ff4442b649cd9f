package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// running is a pod with one container: a process in a root of its own.
type running struct {
	host  *host
	ip    string
	root  string
	cmd   *exec.Cmd
	ended chan struct{}
	binds []string // that are mounted

	mu   sync.Mutex
	pod  *corev1.Pod
	kill *time.Timer
}

func (r *running) log() string { return r.root + ".log" }

// start makes the root, and starts the process in it.
func (r *running) start() error {
	if len(r.pod.Spec.Containers) != 1 || len(r.pod.Spec.InitContainers) > 0 {
		return errors.New("this node runs pods of one container")
	}
	c := &r.pod.Spec.Containers[0]
	if c.Image != r.host.image {
		return fmt.Errorf("there is no image %s", c.Image)
	}
	uid := int64(0)
	if s := r.pod.Spec.SecurityContext; s != nil && s.RunAsUser != nil {
		uid = *s.RunAsUser
	}
	if err := r.fill(c, int(uid)); err != nil {
		return err
	}
	r.writeHosts()
	log, err := os.Create(r.log())
	if err != nil {
		return err
	}
	defer log.Close()
	env := []string{"PATH=/usr/local/bin", "HOSTNAME=" + r.pod.Name}
	values := map[string]string{}
	for _, e := range c.Env {
		env, values[e.Name] = append(env, e.Name+"="+e.Value), e.Value
	}
	r.cmd = &exec.Cmd{Path: "/usr/local/bin/mcpload", Dir: "/", Env: env, Stdout: log, Stderr: log,
		SysProcAttr: &syscall.SysProcAttr{Chroot: r.root, Pdeathsig: syscall.SIGKILL,
			Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid), NoSetGroups: true}}}
	r.cmd.Args = []string{"mcpload"}
	for _, a := range c.Args {
		r.cmd.Args = append(r.cmd.Args, expanded(a, values))
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	began := metav1.Now()
	r.pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, HostIP: r.host.address, PodIP: r.ip,
		PodIPs: []corev1.PodIP{{IP: r.ip}}, StartTime: &began,
		Conditions: conditions(r.pod.Status.Conditions, corev1.ConditionTrue),
		ContainerStatuses: []corev1.ContainerStatus{{Name: c.Name, Image: c.Image, Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}}}}
	go r.wait(began)
	return nil
}

// expanded replaces $(NAME) by a variable of the container's; $$( is a plain $(.
func expanded(text string, values map[string]string) string {
	const plain = "\x00"
	text = strings.ReplaceAll(text, "$$(", plain)
	for name, value := range values {
		text = strings.ReplaceAll(text, "$("+name+")", value)
	}
	return strings.ReplaceAll(text, plain, "$(")
}

// fill puts into the root what the image and the volumes have.
func (r *running) fill(c *corev1.Container, uid int) error {
	for _, dir := range []string{"usr/local/bin", "etc"} {
		if err := os.MkdirAll(filepath.Join(r.root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := copied(r.host.program, filepath.Join(r.root, "usr/local/bin/mcpload"), 0o755); err != nil {
		return err
	}
	for _, m := range c.VolumeMounts {
		at := filepath.Join(r.root, m.MountPath)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		for _, v := range r.pod.Spec.Volumes {
			if v.Name == m.Name {
				if err := r.volume(&v, at, uid); err != nil {
					return fmt.Errorf("volume %s: %w", v.Name, err)
				}
			}
		}
	}
	return nil
}

// volume puts one volume where the container looks for it.
func (r *running) volume(v *corev1.Volume, at string, uid int) error {
	switch {
	case v.EmptyDir != nil:
		return os.Chown(at, uid, uid)
	case v.PersistentVolumeClaim != nil: // one folder for all nodes
		shared := filepath.Join(filepath.Dir(r.host.dir), "claim-"+v.PersistentVolumeClaim.ClaimName)
		if err := os.MkdirAll(shared, 0o755); err != nil {
			return err
		}
		err := errors.Join(os.Chown(shared, uid, uid), syscall.Mount(shared, at, "", syscall.MS_BIND, ""))
		if err != nil {
			return err
		}
		r.binds = append(r.binds, at)
		return nil
	case v.Secret != nil:
		s, err := r.host.client.CoreV1().Secrets(r.pod.Namespace).Get(context.Background(), v.Secret.SecretName,
			metav1.GetOptions{})
		if err != nil {
			return err
		}
		for name, text := range s.Data {
			if len(v.Secret.Items) > 0 {
				wanted := ""
				for _, item := range v.Secret.Items {
					if item.Key == name {
						wanted = item.Path
					}
				}
				if name = wanted; name == "" {
					continue
				}
			}
			file := filepath.Join(at, name)
			if err := errors.Join(os.WriteFile(file, text, 0o400), os.Chown(file, uid, uid)); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("this node has no such volume")
}

func copied(from, to string, mode os.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// writeHosts writes the names of services. It needs the host's mu.
func (r *running) writeHosts() {
	file := filepath.Join(r.root, "etc/hosts")
	if had, err := os.ReadFile(file); err == nil && string(had) == r.host.hosts {
		return
	}
	if err := os.WriteFile(file, []byte(r.host.hosts), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
	}
}

// conditions are a pod's, with those that a node sets.
func conditions(had []corev1.PodCondition, ready corev1.ConditionStatus) []corev1.PodCondition {
	now := metav1.Now()
	set := []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady}
	var list []corev1.PodCondition
	for _, c := range had {
		if c.Type != set[0] && c.Type != set[1] && c.Type != set[2] {
			list = append(list, c)
		}
	}
	for i, t := range set {
		status := ready
		if i == 0 {
			status = corev1.ConditionTrue
		}
		list = append(list, corev1.PodCondition{Type: t, Status: status, LastTransitionTime: now})
	}
	return list
}

// now is the pod as it is.
func (r *running) now() *corev1.Pod {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pod.DeepCopy()
}

// stop asks the process to end, and ends it after a time.
func (r *running) stop(grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kill != nil {
		return
	}
	if grace > 0 {
		_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	}
	r.kill = time.AfterFunc(grace, func() { _ = r.cmd.Process.Kill() })
}

// wait tells how the process ended.
func (r *running) wait(began metav1.Time) {
	_ = r.cmd.Wait() // the state says how
	for _, at := range r.binds {
		_ = syscall.Unmount(at, 0)
	}
	had := r.now().Status.Conditions
	api, err := r.host.client.CoreV1().Pods(r.pod.Namespace).Get(context.Background(), r.pod.Name, metav1.GetOptions{})
	if err == nil && api.UID == r.pod.UID {
		had = api.Status.Conditions // others set some too, such as that the pod was evicted
	}
	code, reason := int32(r.cmd.ProcessState.ExitCode()), "Completed"
	if s, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		code = 128 + int32(s.Signal())
	}
	r.mu.Lock()
	if r.kill != nil {
		r.kill.Stop()
	}
	r.pod.Status.Phase = corev1.PodSucceeded
	if code != 0 {
		r.pod.Status.Phase, reason = corev1.PodFailed, "Error"
	}
	r.pod.Status.Conditions = conditions(had, corev1.ConditionFalse)
	status := &r.pod.Status.ContainerStatuses[0]
	status.Ready = false
	status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason,
		StartedAt: began, FinishedAt: metav1.Now()}}
	pod := r.pod.DeepCopy()
	r.mu.Unlock()
	close(r.ended)
	r.host.mu.Lock()
	notify := r.host.notify
	r.host.mu.Unlock()
	notify(pod)
}
