package mock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// listen serves a handler in the background.
func (s *Server) listen(handler http.Handler, end func(), addr, path string) (url string, err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("mock: %w", err)
	}
	srv := &http.Server{
		Handler:           s.counted(s.breached(ownOrigins(s.guarded(handler)))),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return s.life },
	}
	if s.config.Fault == unlikeFree || s.config.Fault == perOrder {
		listener, srv.ConnContext = hearing{listener}, hears
	}
	if !s.serve(srv, listener, end) {
		_ = listener.Close() // nobody has connected to it
		return "", ErrClosed
	}
	return "http://" + reachable(listener.Addr()) + path, nil
}

// serve starts to serve, unless the server is closed.
func (s *Server) serve(srv *http.Server, listener net.Listener, end func()) bool {
	if !s.enter() {
		return false
	}
	s.mu.Lock()
	s.closers = append(s.closers, func() {
		end()
		_ = srv.Close() // a listener that can't be closed is one that is gone
	})
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.failure == nil {
				s.failure = fmt.Errorf("mock: %w", err)
			}
		}
	}()
	return true
}

// counted has Close wait for requests under way.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			panic(http.ErrAbortHandler)
		}
		defer s.wg.Done()
		next.ServeHTTP(w, r)
	})
}

// reachable is the address for a client on this machine: a server that listens
// everywhere can't be called by that.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
}
