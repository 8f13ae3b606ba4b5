// Package servertest starts the servers that tests need: real ones of PostgreSQL, with an empty database
// for each test, and of Redis, an S3 server in the process, see S3, and the program of the package, see Program.
//
// A test binary that uses the real ones runs its tests by Main, from its TestMain.
//
// A real server starts when a test first asks for it, once a test process, with its files in a
// temporary folder and its ports on loopback. It ends with the process however that ends, since
// a shell that reads from us stands beside it. A program that is missing is installed by apt-get
// where we are root; else the test is skipped or, in CI, fails, with what to install.
package servertest
