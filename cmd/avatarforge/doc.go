// Command avatarforge is the server with its demo upstreams, in
// one binary.
//
// This package is the only one that reads the environment. options is the table of
// all that can be set; flags, variables, YAML keys, help, the example file and what
// "avatarforge config" prints all come from it, and loadConfig turns text into a
// Config, which main hands on piece by piece.
package main
