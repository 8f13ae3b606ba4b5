package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A machine's other addresses change; the certificate that others trust does not, while
// it can be kept.
func TestOwnCertificateStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	now := time.Now()
	must := []string{"localhost", "127.0.0.1", "::1"}
	made := func(must, names []string, now time.Time) *tlsCertificate {
		t.Helper()
		c, err := ownCertificate(dir, must, names, now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := made(must, []string{"laptop", "192.168.0.5", "127.0.0.1"}, now)
	if len(first.unnamed) > 0 || first.Leaf.IsCA || first.Leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("the first: %v, an authority %v, for %b", first.unnamed, first.Leaf.IsCA, first.Leaf.KeyUsage)
	}
	moved := made(must, []string{"laptop", "10.1.2.3"}, now)
	if moved.fingerprint() != first.fingerprint() || !slices.Equal(moved.unnamed, []string{"10.1.2.3"}) {
		t.Errorf("in another network: the same %v, without %v", moved.fingerprint() == first.fingerprint(), moved.unnamed)
	}
	if text := strings.Join(moved.notices(), "\n"); !strings.Contains(text, "10.1.2.3") || !strings.Contains(text, filepath.Join(dir, "cert.pem")) {
		t.Errorf("the operator is not told: %s", text)
	}
	chosen := made(append(must, "10.1.2.3"), nil, now)
	if chosen.fingerprint() == first.fingerprint() || chosen.Leaf.VerifyHostname("10.1.2.3") != nil {
		t.Error("the address that the operator has chosen is not in the certificate")
	}
	if late := made(must, nil, now.AddDate(1, 0, -8)); late.fingerprint() != chosen.fingerprint() {
		t.Error("eight days before its end it was made anew")
	}
	if last := made(must, nil, now.AddDate(1, 0, -6)); last.fingerprint() == chosen.fingerprint() {
		t.Error("six days before its end it was kept")
	}
}

func TestOwnCertificateErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ownCertificate(dir, []string{"localhost"}, nil, time.Now())
	if err == nil || !strings.Contains(err.Error(), "delete "+dir) {
		t.Errorf("what is there and broken: %v", err)
	}
	file := filepath.Join(dir, "cert.pem")
	_, err = ownCertificate(filepath.Join(file, "tls"), []string{"localhost"}, nil, time.Now())
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a folder that cannot be made: %v, want one line", err)
	}
}

func TestListenNames(t *testing.T) {
	own := []string{"localhost", "127.0.0.1", "::1"}
	for address, want := range map[string][]string{
		"127.0.0.1:8000": own, ":8000": own, "0.0.0.0:8000": own, "[::]:8000": own, "localhost:8000": own,
		"192.168.0.5:8000": append(own[:3:3], "192.168.0.5"), "talk.lan:443": append(own[:3:3], "talk.lan"),
	} {
		if got := listenNames(address); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// Who leaves out the s is told so, and nobody else notices.
func TestPlainHTTPIsExplained(t *testing.T) {
	t.Parallel()
	cert, err := ownCertificate(t.TempDir(), []string{"127.0.0.1"}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{TLSConfig: cert.config(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(tlsOnly{ln}, "", "") }()
	defer func() {
		server.Close()
		<-ended
	}()
	address := ln.Addr().String()

	resp, err := http.Post("http://"+address+"/v1/realtime?token=secret", "text/plain", strings.NewReader(strings.Repeat("x", 10_000)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if want := "https://" + address + "/\n"; err != nil || resp.StatusCode != 400 || !strings.HasSuffix(string(body), want) {
		t.Errorf("plain HTTP is answered %d: %q, %v, want where to go: %s", resp.StatusCode, body, err, want)
	}
	odd := http.Request{Method: "GET", URL: resp.Request.URL, Host: "x<script>", Header: http.Header{}}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x<script>\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if resp, err = http.ReadResponse(bufio.NewReader(conn), &odd); err != nil {
		t.Fatal(err)
	}
	if body, _ = io.ReadAll(resp.Body); strings.Contains(string(body), "script") {
		t.Errorf("anybody's words come back: %s", body)
	}

	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	resp, err = (&http.Client{Transport: transport}).Post("https://"+address, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "hello" || resp.ProtoMajor != 2 {
		t.Errorf("over TLS: %q by %s", body, resp.Proto)
	}
}

// Node is what stock Realtime clients run on. It trusts the certificate by itself, though
// it is no authority's.
func TestNodeTrustsOwnCertificate(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	dir := t.TempDir()
	p := launch(t, dir, "--tls-self-signed")
	file := filepath.Join(dir, "tls", "cert.pem")
	const get = `const https = require("node:https"), fs = require("node:fs");
		const [address, ca] = process.argv.slice(1);
		https.get(address + "/livez", ca ? { ca: fs.readFileSync(ca) } : {}, (r) => r.pipe(process.stdout)).on("error", (e) => console.log(e.code));`
	for name, tt := range map[string]struct {
		args, env []string
		want      string
	}{
		"by the option ca":       {[]string{file}, nil, "ok"},
		"by NODE_EXTRA_CA_CERTS": {nil, []string{"NODE_EXTRA_CA_CERTS=" + file}, "ok"},
		"untold":                 {nil, nil, "DEPTH_ZERO_SELF_SIGNED_CERT\n"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, node, append([]string{"-e", get, "--", p.address}, tt.args...)...)
		cmd.Env = append(os.Environ(), tt.env...)
		out, err := cmd.Output()
		cancel()
		if string(out) != tt.want {
			t.Errorf("%s: %q, %v, want %q", name, out, err, tt.want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, word := range []string{"help", "--help", "-h", "-help"} {
		var out, problems strings.Builder
		if status := run([]string{word}, nil, &out, &problems); status != 0 || out.String() != usage || problems.Len() > 0 {
			t.Errorf("%s: status %d, %q, %q", word, status, out.String(), problems.String())
		}
	}
	var out, problems strings.Builder
	if status := run([]string{"helm"}, nil, &out, &problems); status != 2 || out.Len() > 0 || !strings.HasSuffix(problems.String(), usage) {
		t.Errorf("an unknown command: status %d, %q, %q", status, out.String(), problems.String())
	}
}
