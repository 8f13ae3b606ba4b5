package loadtest

import (
	"math"
	"time"

	"avatarforge/realtime"
)

// Measure names one kind of wait.
type Measure string

// The waits. All are measured by the listeners, but for those that say otherwise.
const (
	FirstToken    Measure = "first_token"    // from the question to the first text
	FirstSentence Measure = "first_sentence" // from the question to the announcement of the first sentence that is spoken
	FirstAudio    Measure = "first_audio"    // from the question to the first sound
	Answer        Measure = "answer"         // from the question to the end of the answer, its sound included
	Silence       Measure = "silence"        // from an interruption to the end of what it stopped
	Admission     Measure = "admission"      // from arriving to having a session, waiting in the line included
	Resumption    Measure = "resumption"     // from reconnecting to being connected

	ServerFirstToken    Measure = "server_first_token"    // as the server says, from response.create
	ServerFirstSentence Measure = "server_first_sentence" // the same, to the end of the first sentence's text
	ServerFirstAudio    Measure = "server_first_audio"    // the same, to the first sound

	Late Measure = "late" // by how much the listeners themselves were late to ask
)

// measures are all there are, in the order of the table.
var measures = [...]Measure{
	FirstToken, FirstSentence, FirstAudio, Answer, Silence, Admission, Resumption,
	ServerFirstToken, ServerFirstSentence, ServerFirstAudio, Late,
}

// Fault is one kind of what went wrong. An error event of the server is "event_" with its
// code, a response that did not complete "response_" with its status.
type Fault string

// The faults that listeners find themselves.
const (
	FaultRefused    Fault = "refused"     // no slot was free
	FaultConnect    Fault = "connect"     // no connection, or an answer that is none
	FaultLost       Fault = "lost"        // a connection ended that the listener had not ended
	FaultTimeout    Fault = "timeout"     // nothing came for Config.Patience
	FaultUnfinished Fault = "unfinished"  // the program was stopped in the middle of an answer
	FaultFrame      Fault = "frame"       // a frame that cannot be read
	FaultGap        Fault = "gap"         // a frame was left out, or came twice
	FaultForgotten  Fault = "forgotten"   // who came back was not sent all that it had missed
	FaultText       Fault = "text"        // the pieces of the answer are not its text
	FaultSound      Fault = "sound"       // a sentence's sound is not as long as the server says
	FaultSpeech     Fault = "speech"      // a sentence was not spoken
	FaultStray      Fault = "stray"       // part of an answer came after its end, or unasked for
	FaultStatus     Fault = "http_status" // POST /api/chat was refused
)

func eventFault(code realtime.ErrorCode) Fault   { return "event_" + Fault(code) }
func responseFault(status realtime.Status) Fault { return "response_" + Fault(status) }

// Figures are what a run has found. Its JSON is for machines; durations are in
// milliseconds where the name does not say otherwise.
type Figures struct {
	URL       string    `json:"url"`
	Started   time.Time `json:"started"`
	Seconds   float64   `json:"seconds"` // from the first arrival to the end
	Listeners int       `json:"listeners"`
	Seed      uint64    `json:"seed"`

	Turns    Turns            `json:"turns"`
	Waits    map[Measure]Wait `json:"waits"` // in milliseconds; what never happened is left out
	Stutters Stutters         `json:"stutters"`
	// Fairness is Jain's index of the share of the time from each question to the end of
	// its answer in which a listener heard something: 1 where all are served alike, 1/n
	// where one is served and the others are not.
	Fairness float64       `json:"fairness"`
	Faults   map[Fault]int `json:"faults"`

	Server *Usage   `json:"server"` // nil where its /metrics cannot be read
	Self   SelfLoad `json:"self"`

	Timeline []Moment `json:"timeline"` // a second each
	// CDF has, for the waits of the first token, sentence and sound, the milliseconds at
	// 0, 1, … 100 per cent.
	CDF map[Measure][]float64 `json:"cdf"`
}

// Turns says what became of the questions.
type Turns struct {
	Asked       int `json:"asked"`
	Whole       int `json:"whole"`       // answered to the end, everything checked
	Interrupted int `json:"interrupted"` // by the listener, and ended as it should
	Resumed     int `json:"resumed"`     // of Whole, those over more than one connection
	Broken      int `json:"broken"`      // all others
}

// Wait is a distribution, in milliseconds.
type Wait struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Stutters are silences within answers, of listeners who kept their connection and read
// as fast as they could.
type Stutters struct {
	Count     int     `json:"count"`
	Seconds   float64 `json:"seconds"`
	Longest   float64 `json:"longest_seconds"`
	Speech    float64 `json:"speech_seconds"` // what was heard, all told
	Sentences int     `json:"sentences"`
	Listeners int     `json:"listeners"`       // who had any
	Share     float64 `json:"listeners_share"` // of those who heard speech
}

// SelfLoad is what the listeners themselves cost.
type SelfLoad struct {
	CPUSeconds float64 `json:"cpu_seconds"`
	Cores      float64 `json:"cores"` // on average
}

// Moment is one second of a run.
type Moment struct {
	Second     int      `json:"second"`
	Connected  int      `json:"connected"`
	Talking    int      `json:"talking"`
	Asked      int      `json:"asked"`
	Faults     int      `json:"faults"`
	Stutters   int      `json:"stutters"`
	FirstAudio *float64 `json:"first_audio_p95"` // in milliseconds, of those heard in this second; nil for none
	FirstToken *float64 `json:"first_token_p95"`
}

// Jain is Jain's index of fairness, (Σx)² ÷ (n·Σx²): 1 where all are equal, 1/n where one
// has everything. It is 1 where nobody has anything.
func Jain(shares []float64) float64 {
	var sum, squares float64
	for _, x := range shares {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(shares)) * squares)
}

func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }
