package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// trustedAddr says whether an address is that of a proxy whose headers count.
func (s *Server) trustedAddr(ip netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// peer is the other end of the connection; the zero value where it has no address.
func peer(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}

// trusted says whether the request came through a proxy whose headers count.
func (s *Server) trusted(r *http.Request) bool {
	return relayedFor(r) == nil && s.trustedAddr(peer(r))
}

// clientIP is the address that a request comes from. Each proxy has written down, at the
// right end of X-Forwarded-For, whom it heard from; what stands left of the first one
// that is not trusted is anybody's invention.
func (s *Server) clientIP(r *http.Request) netip.Addr {
	if e := relayedFor(r); e != nil {
		return e.Client
	}
	ip := peer(r)
	heard := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(heard) - 1; i >= 0 && s.trustedAddr(ip); i-- {
		from, ok := parseForwarded(heard[i])
		if !ok {
			break
		}
		ip = from
	}
	return ip
}

// parseForwarded reads an address, which some proxies write with its port.
func parseForwarded(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddrPort(s)
	return addr.Addr().Unmap().WithZone(""), err == nil
}

// publicHost is the host, with its port, that the client has asked for.
func (s *Server) publicHost(r *http.Request) string {
	if host := s.forwarded(r, "X-Forwarded-Host"); host != "" {
		return host
	}
	return r.Host
}

// secure says whether the client speaks HTTPS, to us or to a proxy before us.
func (s *Server) secure(r *http.Request) bool {
	if e := relayedFor(r); e != nil {
		return e.HTTPS
	}
	return r.TLS != nil || strings.EqualFold(s.forwarded(r, "X-Forwarded-Proto"), "https")
}

// forwarded is what the proxy nearest to the client says in a header, if it counts.
func (s *Server) forwarded(r *http.Request, header string) string {
	if !s.trusted(r) {
		return ""
	}
	first, _, _ := strings.Cut(r.Header.Get(header), ",")
	return strings.TrimSpace(first)
}
