//go:build race

package tts

func init() { simSeeds = simSeeds[:1] } // the race detector makes it ten times slower
