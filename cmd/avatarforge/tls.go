package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tlsCertificate is what HTTPS is served with; nil means HTTP.
type tlsCertificate struct {
	tls.Certificate
	selfSigned bool
	file       string   // where a self-signed one is kept
	unnamed    []string // names and addresses of this machine that a self-signed one does not have
}

// certificate loads the operator's certificate, or makes one that this server signs
// itself and keeps in the data folder.
func certificate(cfg *ServerConfig, dataDir string) (*tlsCertificate, error) {
	if cfg.TLSCertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCertFile, cfg.TLSKeyFile)
		if err != nil {
			return nil, fmt.Errorf("load TLS_CERT_FILE and TLS_KEY_FILE: %w", err)
		}
		return &tlsCertificate{Certificate: pair}, nil
	}
	if !cfg.TLSSelfSigned {
		return nil, nil //nolint:nilnil // no certificate is a plain choice
	}
	return ownCertificate(filepath.Join(dataDir, "tls"), listenNames(cfg.ListenAddr), machineNames(), time.Now())
}

// ownCertificate is the self-signed certificate in a folder. People and programs have
// been told to trust it, so it stays while it is good for the names in must; a laptop's
// or a container's other ones change from start to start, and it is only said which of
// them it does not have.
func ownCertificate(dir string, must, names []string, now time.Time) (*tlsCertificate, error) {
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	switch {
	case err == nil && lasts(pair.Leaf, now) && len(unnamed(pair.Leaf, must)) == 0:
		return &tlsCertificate{Certificate: pair, selfSigned: true, file: certFile, unnamed: unnamed(pair.Leaf, names)}, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("load the self-signed certificate: %w; delete %s to have another made", err, dir)
	}
	certPEM, keyPEM, err := selfSign(slices.Concat(must, names), now)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	if err = os.MkdirAll(dir, 0o700); err == nil {
		if err = os.WriteFile(keyFile, keyPEM, 0o600); err == nil {
			err = os.WriteFile(certFile, certPEM, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("keep the certificate: %w; DATA_DIR names a folder that the server may write to", err)
	}
	return &tlsCertificate{Certificate: pair, selfSigned: true, file: certFile}, nil
}

// notices are what the operator is told of the certificate at start.
func (c *tlsCertificate) notices() []string {
	if c == nil || !c.selfSigned {
		return nil
	}
	lines := []string{
		"Certificate (self-signed), SHA-256: " + c.fingerprint(),
		"For clients that are to trust it: " + c.file,
	}
	if len(c.unnamed) > 0 {
		lines = append(lines, fmt.Sprintf("It does not name %s. To have one that does, delete it and start again; what trusts it has to be given the new one.",
			strings.Join(c.unnamed, ", ")))
	}
	return lines
}

func (c *tlsCertificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{Certificates: []tls.Certificate{c.Certificate}, MinVersion: tls.VersionTLS12}
}

// fingerprint is the certificate's SHA-256, as browsers show it.
func (c *tlsCertificate) fingerprint() string {
	sum := sha256.Sum256(c.Certificate.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// listenNames are the names that a certificate cannot do without: this machine's to
// itself, and the one that the operator has chosen.
func listenNames(listenAddr string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	host, _, err := net.SplitHostPort(listenAddr)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() || slices.Contains(names, host) {
		return names
	}
	return append(names, host)
}

// machineNames are the names and addresses by which others can reach this machine.
func machineNames() []string {
	var names []string
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return names
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() {
			names = append(names, ip.IP.String())
		}
	}
	return names
}

// lasts says whether the certificate is good for a week to come.
func lasts(leaf *x509.Certificate, now time.Time) bool {
	return !now.Before(leaf.NotBefore) && now.Add(7*24*time.Hour).Before(leaf.NotAfter)
}

// unnamed are those of the names that the certificate is not good for.
func unnamed(leaf *x509.Certificate, names []string) []string {
	var missing []string
	for _, name := range names {
		if leaf.VerifyHostname(name) != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// selfSign makes a certificate for the names, valid for a year, which browsers take as
// the longest there may be. It is no authority's: OpenSSL, and so Node, curl and Python,
// as well as Go trust it by itself all the same, Firefox takes no authority's for a
// server's, and whoever gets at the key can forge this server and no other.
func selfSign(names []string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Avatar Forge"},
		NotBefore:    now.Add(-time.Hour), // for clocks that are slow
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), nil
}
