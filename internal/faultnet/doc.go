// Package faultnet lets the network between a program and a server that it leans on go wrong, for tests.
//
// A [Proxy] passes the bytes of TCP connections on to a server until it is given a [Fault]: then connections
// are refused, reset, held up, cut in the middle or answered with something else, those that are open as well
// as new ones. [Proxy.Mend] makes all well again. It knows no protocol; what it answers in a server's place is
// the test's to say, see [HTTP].
//
// All methods may be called from any goroutine. A Proxy has two goroutines for each connection and one that
// takes connections; Close waits for all of them.
package faultnet
