// Package auth says who somebody is.
//
// Login has a person log in with an OpenID Connect provider, Google as a rule, and says
// who they are by the provider's word, which it verifies. Tokens issues and verifies the
// tokens by which they are known from then on. Revoked knows which of these are no longer
// good, because their owner has logged out.
//
// Everything here may be used by several goroutines, and by several instances on one
// database that have one secret. The provider is asked for nothing until somebody logs in,
// and each request to it is bounded in time: while it is down nobody can log in, and
// whoever has, stays so.
package auth
