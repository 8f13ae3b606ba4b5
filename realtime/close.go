package realtime

// CloseCode ends a WebSocket (RFC 6455, section 7.4).
type CloseCode int

// The close codes of the protocol.
const (
	CloseNormal          CloseCode = 1000 // the client is done; its slot is given back at once
	CloseGoingAway       CloseCode = 1001 // the server is going away: reconnect and resume
	ClosePolicyViolation CloseCode = 1008 // the client broke a rule that is not about size
	CloseTooBig          CloseCode = 1009 // a frame over MaxFrameBytes
	CloseInternalError   CloseCode = 1011 // the session failed
	CloseTryAgainLater   CloseCode = 1013 // no room; nothing was lost
	CloseTakenOver       CloseCode = 4409 // another connection holds the session
)

// Resumable says whether a client does well to reconnect with session and last_event.
func (c CloseCode) Resumable() bool {
	switch c {
	case CloseGoingAway, CloseInternalError, CloseTryAgainLater:
		return true
	default:
		return false
	}
}
