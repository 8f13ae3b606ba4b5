// Package spareport keeps ports of loopback for tests, in which a server stops and starts again at the same
// address, while other tests take ports as they need them.
package spareport

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Hold takes a free port of 127.0.0.1. Connections to it are refused, and nobody who asks for any port gets it, until
// release; but a server that asks for this one can listen on it, if it sets SO_REUSEADDR, as Go, Redis
// and PostgreSQL do. Release may be called once.
func Hold() (port int, release func() error, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	port, err = bind(fd)
	if err != nil {
		_ = unix.Close(fd)
		return 0, nil, fmt.Errorf("hold a port of 127.0.0.1: %w", err)
	}
	return port, func() error { return os.NewSyscallError("close", unix.Close(fd)) }, nil
}

// bind gives the socket a port, on which it does not listen.
func bind(fd int) (int, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	return name.(*unix.SockaddrInet4).Port, nil
}
