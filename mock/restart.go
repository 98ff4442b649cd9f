package mock

import "time"

// forgetful is the fault that only a restart shows.
const forgetful = "forgets-at-restart"

// Forgets reports if a restart of the server loses its counters.
func (c Config) Forgets() bool { return c.Fault == forgetful }

// Restart does to the limiter what a restart of the server does: nothing, unless its fault
// is to forget. Sessions go on.
func (s *Server) Restart() error {
	if !s.config.Forgets() {
		return nil
	}
	limiter, err := s.config.Limiter(time.Now())
	if err == nil {
		s.limiter.Store(&limiter)
	}
	return err
}

// restartFaults keep the promise as long as nobody restarts them.
func restartFaults() []Fault {
	return []Fault{{Name: forgetful, Doc: "the counters are lost when the server is restarted",
		Cause: "counters are lost", build: scoped(newHonest)}}
}
