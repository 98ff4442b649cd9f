package wire

// Reconnect makes the session's next requests go over new connections, as far
// as the old ones are idle. It does nothing on transports that have but one.
func (s *Session) Reconnect() {
	if l, ok := s.link.(*httpLink); ok {
		l.poster.transport.CloseIdleConnections()
	}
}

// JumpIDs makes the session's ids go on from a number that is greater by n.
func (s *Session) JumpIDs(n int64) { s.lastID.Add(n) }
