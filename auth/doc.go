// Package auth says who somebody is: it issues and verifies the tokens by which a
// listener is known.
package auth
