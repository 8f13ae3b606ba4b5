// Package archtest holds the project's import rules, each with its reason. It has no
// code but its test.
package archtest
