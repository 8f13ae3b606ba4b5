package spareport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

func TestHold(t *testing.T) {
	port, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 2 { // a server that starts, stops, and starts again
		if _, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens, and a connection ends with %v", err)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		listener.Close()
	}
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}}
	if conn, err := from.Dial("tcp", elsewhere.Addr().String()); err == nil {
		conn.Close()
		t.Error("a connection begins at the port, where no server could listen then")
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
