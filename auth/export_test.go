package auth

// Known is how many tokens are remembered.
func (r *Revoked) Known() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.known)
}
