// Package ttstest is a GPT-SoVITS server in the process: api_v2.py's HTTP, its order
// of checks, its timing and above all its faults, around any source of sound.
//
// It is as impolite as the original. The status 200 leaves before any work is done;
// every later failure is a broken connection or a second of silence; two requests at
// once spoil each other; a client that leaves is noticed at the next chunk; non-streaming
// work stops every other endpoint. A test against something kinder would prove nothing.
// Not reproduced: the ogg and aac encoders, which Config.Encode stands for (without it
// they fail as on a machine without ffmpeg), and the /docs pages.
//
// A Server is an http.Handler, so it can be mounted on httptest, on a real listener, or
// on internal/memnet inside a testing/synctest bubble; there it must be made inside the
// bubble. Its methods may be called from several goroutines at once.
package ttstest
