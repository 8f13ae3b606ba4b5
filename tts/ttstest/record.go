package ttstest

import "time"

// Record is what the server remembers of a request to /tts.
type Record struct {
	// Number counts the requests to /tts from 1.
	Number int
	Method string
	Params Params
	// GPTWeights and SoVITSWeights are those that were loaded when the work began.
	GPTWeights, SoVITSWeights string
	// Start is when the handler began, End when the pipeline was free of the request;
	// zero while it is not.
	Start, End time.Time
	// FirstSound is when the first sample was sent; zero if none was.
	FirstSound time.Time
	// Status is the answer's; zero if the connection was reset instead.
	Status int
	// Segments is how the server cut the text, Lost those that were never spoken since
	// modes 2 and 3 take the first of each batch only.
	Segments, Lost []string
	// Sent is the sound that was sent.
	Sent time.Duration
	// Overlapped reports that another request was at work in the meantime, so that the
	// sound of both is spoilt.
	Overlapped bool
	// Aborted reports that the client left before the end; ChunksAfterDisconnect is how
	// many chunks were made for nobody then.
	Aborted               bool
	ChunksAfterDisconnect int
	// NewReference reports that the reference had to be encoded first, StaleReference
	// that one was used which other SoVITS weights had encoded.
	NewReference, StaleReference bool
	// Fault is what was made to go wrong, Failed that the work ended in an exception.
	Fault  FaultKind
	Failed bool
}

// Records returns the latest requests to /tts, the oldest first.
func (s *Server) Records() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := make([]Record, len(s.records))
	for i, r := range s.records {
		records[i] = *r
	}
	return records
}

// Overlaps counts the requests that began while another was at work: a client that
// keeps to one at a time causes none.
func (s *Server) Overlaps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlaps
}

// Calls returns the latest requests to the other endpoints, the oldest first, as path
// and query.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

func (s *Server) newRecord(method string) *Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	r := &Record{Number: s.requests, Method: method, Start: time.Now()}
	s.records = keepLast(append(s.records, r), s.cfg.KeepRecords)
	return r
}

// note changes a record, which readers may be copying.
func (s *Server) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// keepLast drops from the front, in bulk so that it costs little per element.
func keepLast[T any](list []T, n int) []T {
	if len(list) < 2*n {
		return list
	}
	return append([]T(nil), list[len(list)-n:]...)
}
