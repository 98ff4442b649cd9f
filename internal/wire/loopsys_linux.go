package wire

import (
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of a loop. Those that don't block are made without telling
// Go's scheduler: telling it costs as much as some of them do.

// enrol has epoll tell of a source.
func (l *Loop) enrol(s source, w *watched, fd int, events uint32) error {
	w.fd, w.number = fd, len(l.sources)
	if n := len(l.vacant); n > 0 {
		w.number, l.vacant = l.vacant[n-1], l.vacant[:n-1]
	} else {
		l.sources = append(l.sources, nil)
	}
	l.ages++
	w.age = l.ages
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, w.interest(events)); err != nil {
		l.vacant = append(l.vacant, w.number)
		return os.NewSyscallError("epoll_ctl", err)
	}
	l.sources[w.number] = s
	return nil
}

// strike forgets a source, whose descriptor is closed after that, or taken out
// of epoll's set.
func (l *Loop) strike(w *watched) {
	l.sources[w.number] = nil
	l.vacant = append(l.vacant, w.number)
}

// interest is what epoll should tell of a source.
func (w *watched) interest(events uint32) *unix.EpollEvent {
	return &unix.EpollEvent{Events: events, Fd: int32(w.number), Pad: w.age}
}

// pollNow returns how many events there are.
func (l *Loop) pollNow() int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])),
		maxEvents, 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// shortNap is how long we may sleep without Go's scheduler knowing. It would
// have another thread take over, and that makes us late when we wake. Where the
// world must stop, a signal ends the nap.
const shortNap = 500 * time.Microsecond

// pollFor waits for events for at most d. Where that is long, there is nothing
// to be late for: Go may use the processor for other goroutines, as it always
// may where there is only one.
func (l *Loop) pollFor(d time.Duration) int {
	if d <= shortNap && !l.alone {
		return l.pollWith(unix.RawSyscall6, d)
	}
	return l.pollWith(unix.Syscall6, d)
}

// A syscall6 makes a system call.
type syscall6 func(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err unix.Errno)

// pollWith waits to the nanosecond where the kernel can (Linux 5.11), else to
// the millisecond, too short rather than too long.
func (l *Loop) pollWith(call syscall6, d time.Duration) int {
	var (
		n     uintptr
		errno unix.Errno = unix.ENOSYS
	)
	if !l.noPwait2 {
		l.spec = unix.NsecToTimespec(int64(d))
		n, _, errno = call(sysEpollPwait2, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])), maxEvents,
			uintptr(unsafe.Pointer(&l.spec)), 0, 0)
		l.noPwait2 = errno == unix.ENOSYS
	}
	if l.noPwait2 {
		n, _, errno = call(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])), maxEvents,
			uintptr(d/time.Millisecond), 0, 0)
	}
	if errno != 0 {
		return 0 // a signal, mostly; whoever waits looks at the time again
	}
	return int(n)
}

// sysEpollPwait2 is the same on all architectures.
const sysEpollPwait2 = 441

// receive reads what there is.
func receive(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// transmit writes what there is room for.
func transmit(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// readPipe and writePipe are receive and transmit for what is no socket, and
// doesn't block.

func readPipe(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

func writePipe(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

// descriptor takes a connection's descriptor out of Go's hands.
func descriptor(c net.Conn) (int, error) {
	defer c.Close() // the duplicate is the one that counts
	return duplicate(c.(syscall.Conn))
}

// duplicate returns a second descriptor of what Go has open.
func duplicate(c syscall.Conn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	fd := -1
	if e := raw.Control(func(p uintptr) { fd, err = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return 0, e
	}
	return fd, err
}
