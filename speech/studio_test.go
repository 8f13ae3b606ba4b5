package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avatarforge/configs"
	"avatarforge/internal/memnet"
	"avatarforge/internal/servertest"
	"avatarforge/store"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

func TestMain(m *testing.M) { servertest.Main(m, os.Getenv("CI") == "true") }

func TestSQLiteAndFolder(t *testing.T) {
	testStudio(t, func(t *testing.T) place {
		dir := t.TempDir()
		return place{store.Config{Dir: filepath.Join(dir, "data")}, filepath.Join(dir, "files")}
	})
}

func TestPostgresAndBucket(t *testing.T) {
	testStudio(t, func(t *testing.T) place {
		return place{store.Config{URL: servertest.Postgres(t)}, servertest.S3(t) + "/a?secure=false"}
	})
}

// place is where things are kept.
type place struct {
	db    store.Config
	blobs string
}

// testStudio is what a studio has to do wherever things are kept.
func testStudio(t *testing.T, where func(*testing.T) place) {
	for _, tt := range []struct {
		name string
		test func(*rig)
	}{
		{"a text becomes a file", testRecord},
		{"encoded speech", testEncoded},
		{"a stream is heard while it is made", testStream},
		{"the same again is found", testCache},
		{"what changes the sound changes the key", testKeys},
		{"equal requests at once are synthesised once", testAtOnce},
		{"whoever began may leave", testLeaving},
		{"what everybody has left is given up", testAbandoned},
		{"a file that is gone is made again", testLostFile},
		{"a disk that is full", testFullDisk},
		{"finished speech is kept", testKeep},
		{"a promise is kept", testPromise},
		{"a promise that cannot be kept says why", testBrokenPromise},
		{"a promise outlasts the process", testPromiseOutlasts},
		{"an owner who is gone", testOwnerGone},
		{"room is made", testRoom},
		{"what a crash has left is swept up", testSweep},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(newRig(t, where(t), ttstest.Config{}, Config{})) })
	}
}

// rig is a studio under test, with a simulated synthesis server behind it.
type rig struct {
	*testing.T
	*Studio
	place  place
	cfg    Config
	mouth  *ttstest.Server
	speech *tts.Scheduler
	voices *tts.Voices
	db     *store.Store
	blobs  store.Blobs
	full   atomic.Bool // of the disk
}

func newRig(t *testing.T, where place, mouth ttstest.Config, cfg Config) *rig {
	t.Helper()
	r := &rig{T: t, place: where, cfg: cfg, mouth: ttstest.New(mouth)}
	listener := memnet.Serve(r.mouth)
	client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: listener.Client()})
	r.must(err)
	r.speech = tts.NewScheduler(tts.SchedulerConfig{}, client)
	r.voices, err = tts.NewVoices(configs.Files(), "voices.json", nil)
	r.must(err)
	t.Cleanup(func() {
		r.must(r.speech.Close(context.Background()))
		r.mouth.Close()
		listener.Close()
	})
	r.open()
	return r
}

// open starts an instance.
func (r *rig) open() {
	r.Helper()
	var err error
	r.db, err = store.Open(r.Context(), r.place.db)
	r.must(err)
	r.blobs, err = store.OpenBlobs(context.Background(), r.place.blobs)
	r.must(err)
	cfg := r.cfg
	cfg.Scheduler, cfg.Store, cfg.Blobs, cfg.Dir = r.speech, r.db, disk{r.blobs, &r.full}, filepath.Join(r.TempDir(), "takes")
	studio, err := New(cfg)
	r.must(err)
	r.Studio = studio
	db, blobs := r.db, r.blobs
	r.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		studio.Close(gone)
		r.must(errors.Join(db.Close(), blobs.Close()))
	})
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) want(why string, got, want any) {
	r.Helper()
	if got != want {
		r.Errorf("%s: %v, want %v", why, got, want)
	}
}

func (r *rig) user(name string) string {
	r.Helper()
	u, err := r.db.UpsertUser(r.Context(), store.Profile{Provider: "test", Subject: name})
	r.must(err)
	return u.ID
}

func (r *rig) ask(text string) Request { return Request{Text: text, Voice: r.voices.Default()} }

func (r *rig) record(owner string, req Request) Recording {
	r.Helper()
	rec, err := r.Record(r.Context(), owner, req)
	r.must(err)
	return rec
}

// read is what the file holds at whose path somebody was told to look.
func (r *rig) read(url string) []byte {
	r.Helper()
	data, err := r.tryRead(url)
	r.must(err)
	return data
}

func (r *rig) tryRead(url string) ([]byte, error) {
	parts := strings.Split(url, "/") // "", mnt, user_assets, owner, audio, file
	if len(parts) != 6 || !strings.HasPrefix(url, "/mnt/user_assets/") || parts[4] != "audio" {
		r.Fatalf("%s is no path that the specification knows", url)
	}
	blob, format, err := r.Open(r.Context(), parts[3], parts[5])
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	r.want("the file's ending", "."+string(format), filepath.Ext(url))
	return io.ReadAll(blob)
}

// syntheses is how many sentences the synthesis server was asked for.
func (r *rig) syntheses() int { return len(r.mouth.Records()) }

// samples are those of a WAV file.
func (r *rig) samples(file []byte) (pcm []int16, rate int) {
	r.Helper()
	var d tts.WAVDecoder
	bytes, err := d.Append(nil, file)
	r.must(err)
	r.must(d.Finish())
	for pair := range slices.Chunk(bytes, 2) {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(pair)))
	}
	return pcm, d.Rate()
}

const three = "안녕하세요, 반갑습니다! 오늘은 날씨가 참 좋네요.\n같이 걸을까요?"

func testRecord(r *rig) {
	before := time.Now().Add(-time.Second)
	rec := r.record(store.Anonymous, r.ask(three))
	file := r.read(rec.URL())
	pcm, rate := r.samples(file)
	r.want("the size is the file's", rec.Size, int64(len(file)))
	r.want("the duration is the sound's", rec.Duration, pcmDuration(int64(2*len(pcm)), rate))
	r.want("the rate", rate, DefaultRate)
	r.want("whose it is", rec.Owner, store.Anonymous)
	r.want("the voice", rec.VoiceID, "default")
	r.want("cached", rec.Cached, false)
	if rec.Created.Before(before) || rec.Created.After(time.Now().Add(time.Second)) {
		r.Errorf("created %v", rec.Created)
	}
	r.want("it is spoken sentence by sentence", r.syntheses(), 3)
	if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf(three); !slices.Equal(got, want) {
		r.Errorf("spoken %v, want every syllable once, in order: %v", got, want)
	}
	// The pauses: three sentences' own sound, and what is between them.
	var sound time.Duration
	for _, record := range r.mouth.Records() {
		sound += record.Sent
	}
	if pause := rec.Duration - sound; pause < pauseSentence+pauseLine-5*time.Millisecond || pause > pauseSentence+pauseLine+5*time.Millisecond {
		r.Errorf("%v of pauses, want one behind a sentence and one behind a line", pause)
	}

	_, err := r.Record(r.Context(), store.Anonymous, r.ask("😀 🎉"))
	r.want("without a word there is nothing to say", err, ErrNothingToSay)
	raw := r.ask("반갑습니다.")
	raw.Format, raw.Rate = Raw, 24000
	rec = r.record(store.Anonymous, raw)
	file = r.read(rec.URL())
	r.want("raw is samples alone", pcmDuration(int64(len(file)), 24000), rec.Duration)
	r.want("and no more", rec.Size, int64(len(file)))
}

func testEncoded(r *rig) {
	h := newRig(r.T, r.place, ttstest.Config{Encode: ttstest.Recorded}, Config{})
	for format, each := range map[Format]time.Duration{Ogg: time.Second, AAC: 33 * 1024 * time.Second / 32000} {
		req := h.ask("안녕하세요. 반갑습니다.\n잘 지내요?")
		req.Format, req.StreamingMode = format, 2
		rec := h.record(store.Anonymous, req)
		file := h.read(rec.URL())
		length, _, err := tts.Measure(format.encoding(), file)
		r.must(err)
		r.want("three sentences joined are one file", length, 3*each)
		r.want("its duration is read off it", rec.Duration, length)
		r.want("and its size", rec.Size, int64(len(file)))
		hers := h.record(h.user("anna"), req)
		r.want("another's is a copy", hers.Cached, true)
		r.want("of the same", string(h.read(hers.URL())), string(file))
	}
	var pauses []float64
	for _, record := range h.mouth.Records() {
		pauses = append(pauses, record.Params.FragmentInterval)
	}
	if want := []float64{0.3, 0.5, 0.01, 0.3, 0.5, 0.01}; !slices.Equal(pauses, want) {
		r.Errorf("the server was asked for pauses of %v, want %v", pauses, want)
	}

	deaf := newRig(r.T, r.place, ttstest.Config{}, Config{})
	req := deaf.ask("안 돼요.")
	req.Format = AAC
	_, err := deaf.Record(r.Context(), store.Anonymous, req)
	var failed *tts.Error
	if !errors.As(err, &failed) || failed.Kind != tts.ErrorRefused {
		r.Errorf("without ffmpeg: %v", err)
	}
	req.Format = WAV
	deaf.record(store.Anonymous, req) // the server is not blamed for it
}

// collector is a listener who tells when something has been heard.
type collector struct {
	sound bytes.Buffer
	heard chan int // how much, after each piece
}

func (c *collector) Write(p []byte) (int, error) {
	n, err := c.sound.Write(p)
	c.heard <- c.sound.Len()
	return n, err
}

func testStream(r *rig) {
	let := make(chan struct{}, 10)
	h := newRig(r.T, r.place, ttstest.Config{Voice: func(ctx context.Context, s ttstest.Speech) ([]int16, error) {
		select {
		case <-let:
		case <-ctx.Done():
		}
		return ttstest.Tone(ctx, s)
	}}, Config{})
	const text = "먼저 이것을 말해요. 다음에 저것을 말해요."
	req := h.ask(text)
	req.StreamingMode = 2
	let <- struct{}{}
	st, err := h.Stream(r.Context(), store.Anonymous, req)
	r.must(err)
	r.want("its size is not known yet", st.Size(), int64(-1))
	heard := &collector{heard: make(chan int, 1000)}
	ended := make(chan error, 1)
	go func() { ended <- st.Copy(r.Context(), heard) }()
	for n := range heard.heard {
		if n > 44+DefaultRate { // half a second of the first sentence, while the second waits
			break
		}
	}
	let <- struct{}{}
	r.must(<-ended)
	st.Close()
	pcm, rate := r.samples(heard.sound.Bytes())
	if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf(text); !slices.Equal(got, want) {
		r.Errorf("heard %v, want %v", got, want)
	}

	rec := h.record(store.Anonymous, req)
	again, err := h.Stream(r.Context(), store.Anonymous, req)
	r.must(err)
	defer again.Close()
	r.want("a recording's size is known", again.Size(), rec.Size)
	var file bytes.Buffer
	r.must(again.Copy(r.Context(), &file))
	r.want("it is the file", file.String(), string(h.read(rec.URL())))
	r.want("and the same sound", string(file.Bytes()[44:]), string(heard.sound.Bytes()[44:]))
	r.want("all of one synthesis", h.syntheses(), 2)

	// Who leaves in the middle breaks nothing for who stays.
	req.Text = "둘이 같이 들어요. 하나는 먼저 가요."
	let <- struct{}{}
	stays, err := h.Stream(r.Context(), store.Anonymous, req)
	r.must(err)
	defer stays.Close()
	leaves, err := h.Stream(r.Context(), store.Anonymous, req)
	r.must(err)
	leaves.Close()
	let <- struct{}{}
	file.Reset()
	r.must(stays.Copy(r.Context(), &file))
	pcm, rate = r.samples(file.Bytes())
	r.want("who stays hears all of it", slices.Equal(ttstest.Pitches(pcm, rate), ttstest.PitchesOf(req.Text)), true)
}

func testCache(r *rig) {
	first := r.record(store.Anonymous, r.ask("다시 들어 볼까요?"))
	again := r.record(store.Anonymous, r.ask(" 다시 들어 볼까요?\n"))
	r.want("the same speech is the same file, whatever the space around it", again.URL(), first.URL())
	r.want("cached", again.Cached, true)
	again.Cached = false
	r.want("the rest is as it was", again, first)

	anna := r.user("anna")
	hers := r.record(anna, r.ask("다시 들어 볼까요?"))
	r.want("another's is a copy", hers.Cached, true)
	if hers.FileID == first.FileID || hers.Owner != anna {
		r.Errorf("anna was given %s", hers.URL())
	}
	r.want("of the same sound", string(r.read(hers.URL())), string(r.read(first.URL())))
	r.want("all of it from one synthesis", r.syntheses(), 1)
}

func testKeys(r *rig) {
	base := r.ask("같은 말이에요.")
	other, ok := r.voices.Get("ko-male")
	if !ok {
		r.Fatal("there is no other voice")
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*Request){
		"as it is":               func(*Request) {},
		"another text":           func(q *Request) { q.Text = "다른 말이에요." },
		"another voice":          func(q *Request) { q.Voice = other },
		"another reference":      func(q *Request) { q.Voice.RefAudioPath = "refs/new.wav" },
		"another prompt":         func(q *Request) { q.Voice.PromptText = "새로운 문장입니다." },
		"other weights":          func(q *Request) { q.Voice.SoVITSWeights = "new.pth" },
		"another text language":  func(q *Request) { q.TextLang = "all_ko" },
		"another voice language": func(q *Request) { q.PromptLang = "ja" },
		"another pace":           func(q *Request) { q.Speed = 1.5 },
		"another format":         func(q *Request) { q.Format = Raw },
		"another rate":           func(q *Request) { q.Rate = 24000 },
	} {
		q := base
		change(&q)
		rec := r.record(store.Anonymous, q)
		if before, double := seen[rec.FileID]; double {
			r.Errorf("%s answers with the sound of %s", name, before)
		}
		seen[rec.FileID] = name
	}
	for name, change := range map[string]func(*Request){
		"the streaming mode":       func(q *Request) { q.StreamingMode = 3 },
		"a language that is found": func(q *Request) { q.TextLang = "ko" },
		"the voice's own language": func(q *Request) { q.PromptLang = base.Voice.PromptLang },
		"the usual pace":           func(q *Request) { q.Speed = 1 },
	} {
		q := base
		change(&q)
		if rec := r.record(store.Anonymous, q); !rec.Cached {
			r.Errorf("%s makes another sound", name)
		}
	}
}

func testAtOnce(r *rig) {
	owners := []string{store.Anonymous, store.Anonymous, r.user("anna"), r.user("anna"), r.user("ben")}
	var (
		mu    sync.Mutex
		files = map[string]string{}
		ends  sync.WaitGroup
	)
	for i := range 10 {
		ends.Go(func() {
			owner := owners[i%len(owners)]
			rec, err := r.Record(r.Context(), owner, r.ask("한 번만 말할게요. 잘 들으세요."))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				r.Error(err)
			case files[owner] != "" && files[owner] != rec.FileID:
				r.Errorf("%s has two files of the same", owner)
			default:
				files[owner] = rec.FileID
				r.read(rec.URL())
			}
		})
	}
	ends.Wait()
	r.want("a file for each", len(files), 3)
	r.want("two sentences, each once", r.syntheses(), 2)
}

// stuck is a rig whose synthesis waits until it is let go.
func stuck(r *rig) (held *rig, let func()) {
	gate := make(chan struct{})
	begun := make(chan struct{}, 100)
	held = newRig(r.T, r.place, ttstest.Config{Voice: func(ctx context.Context, s ttstest.Speech) ([]int16, error) {
		begun <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return ttstest.Tone(ctx, s)
	}}, Config{})
	return held, sync.OnceFunc(func() { close(gate) })
}

func testLeaving(r *rig) {
	h, let := stuck(r)
	defer let()
	leaving, leave := context.WithCancel(r.Context())
	first := make(chan error, 1)
	go func() {
		_, err := h.Record(leaving, store.Anonymous, h.ask("먼저 가 볼게요."))
		first <- err
	}()
	h.waitFor(func() bool { return h.syntheses() == 1 })
	second := make(chan error, 1)
	go func() {
		_, err := h.Record(r.Context(), store.Anonymous, h.ask("먼저 가 볼게요."))
		second <- err
	}()
	h.waitFor(func() bool { return h.waiting() == 2 })
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		r.Errorf("who left was told %v", err)
	}
	let()
	r.must(<-second)
	r.want("syntheses", h.syntheses(), 1)
}

func testAbandoned(r *rig) {
	h, let := stuck(r)
	defer let()
	leaving, leave := context.WithCancel(r.Context())
	first := make(chan error, 1)
	go func() {
		_, err := h.Record(leaving, store.Anonymous, h.ask("아무도 안 듣네요. 그만할게요."))
		first <- err
	}()
	h.waitFor(func() bool { return h.syntheses() == 1 })
	leave()
	<-first
	h.waitFor(func() bool { return h.waiting() == 0 && h.speech.Stats().Waiting == 0 })
	let()
	rec := h.record(store.Anonymous, h.ask("아무도 안 듣네요. 그만할게요."))
	r.want("who comes then gets all of it", rec.Cached, false)
}

// waiting is how many wait for takes.
func (r *rig) waiting() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.takes {
		n += t.waiting
	}
	return n
}

// waitFor waits until something is so, of which there is no event.
func (r *rig) waitFor(so func() bool) {
	r.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			r.Fatal("it has not come about in 30 s")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func testLostFile(r *rig) {
	rec := r.record(store.Anonymous, r.ask("잃어버렸어요."))
	r.must(r.blobs.Delete(r.Context(), blobName(rec.Owner, fileName(rec.FileID, rec.Format))))
	_, err := r.tryRead(rec.URL())
	if !errors.Is(err, store.ErrNotFound) {
		r.Errorf("a file that is gone: %v", err)
	}
	again := r.record(store.Anonymous, r.ask("잃어버렸어요."))
	r.want("it had to be made again", again.Cached, false)
	r.read(again.URL())

	// Cut short by a disk that lied.
	name := blobName(again.Owner, fileName(again.FileID, again.Format))
	r.must(r.blobs.Put(r.Context(), name, strings.NewReader("RIFF"), 4, "audio/wav"))
	anna := r.user("anna")
	hers := r.record(anna, r.ask("잃어버렸어요."))
	r.want("a damaged file is not copied", hers.Cached, false)
	third := r.record(store.Anonymous, r.ask("잃어버렸어요."))
	r.want("nor given out; but there is another's to copy", third.Cached, true)
	r.want("whole again", string(r.read(third.URL())), string(r.read(hers.URL())))
}

// disk is a place for files that may have no room left.
type disk struct {
	store.Blobs
	full *atomic.Bool
}

func (d disk) Put(ctx context.Context, name string, file io.Reader, size int64, contentType string) error {
	if d.full.Load() {
		return store.ErrFull
	}
	return d.Blobs.Put(ctx, name, file, size, contentType)
}

func testFullDisk(r *rig) {
	r.full.Store(true)
	_, err := r.Record(r.Context(), store.Anonymous, r.ask("자리가 없네요."))
	if !errors.Is(err, store.ErrFull) {
		r.Errorf("a file that cannot be kept: %v", err)
	}
	_, err = r.Keep(r.Context(), store.Anonymous, r.voices.Default(), 24000, make([]byte, 2))
	if !errors.Is(err, store.ErrFull) {
		r.Errorf("speech that cannot be kept: %v", err)
	}
	st, err := r.Stream(r.Context(), store.Anonymous, r.ask("자리가 없네요."))
	r.must(err)
	defer st.Close()
	var heard bytes.Buffer
	r.must(st.Copy(r.Context(), &heard))
	pcm, rate := r.samples(heard.Bytes())
	r.want("it can be heard in any case", slices.Equal(ttstest.Pitches(pcm, rate), ttstest.PitchesOf("자리가 없네요.")), true)
	url, err := r.Promise(r.Context(), store.Anonymous, r.ask("자리가 없네요."), 0)
	r.must(err)
	var broken *BrokenPromiseError
	r.waitFor(func() bool {
		_, err := r.tryRead(url)
		return errors.As(err, &broken)
	})
	if !strings.Contains(broken.Reason, "disk is full") {
		r.Errorf("the promise says %q", broken.Reason)
	}
	r.full.Store(false)
	r.record(store.Anonymous, r.ask("자리가 없네요."))
}

func testKeep(r *rig) {
	pcm := make([]byte, 2*24000)
	for i := range pcm {
		pcm[i] = byte(i)
	}
	voice, _ := r.voices.Get("ko-male")
	rec, err := r.Keep(r.Context(), store.Anonymous, voice, 24000, pcm)
	r.must(err)
	r.want("the duration", rec.Duration, time.Second)
	r.want("the voice", rec.VoiceID, "ko-male")
	file := r.read(rec.URL())
	r.want("the size", rec.Size, int64(len(file)))
	r.want("the samples", string(file[44:]), string(pcm))
	other, err := r.Keep(r.Context(), store.Anonymous, voice, 24000, pcm)
	r.must(err)
	if other.URL() == rec.URL() {
		r.Error("two recordings have one address")
	}
	_, err = r.Keep(r.Context(), store.Anonymous, voice, 24000, nil)
	r.want("silence is nothing to keep", err, ErrNothingToSay)
}

func testPromise(r *rig) {
	url, err := r.Promise(r.Context(), store.Anonymous, r.ask("약속할게요."), time.Hour)
	r.must(err)
	var wait *NotYetError
	if _, err := r.tryRead(url); !errors.As(err, &wait) || wait.RetryAfter < 59*time.Minute || wait.RetryAfter > time.Hour {
		r.Errorf("before it is due: %v", err)
	}
	r.want("nothing is synthesised before", r.syntheses(), 0)

	soon, err := r.Promise(r.Context(), store.Anonymous, r.ask("약속할게요."), 50*time.Millisecond)
	r.must(err)
	file := r.await(soon)
	pcm, rate := r.samples(file)
	if !slices.Equal(ttstest.Pitches(pcm, rate), ttstest.PitchesOf("약속할게요.")) {
		r.Error("it says something else")
	}
	now, err := r.Promise(r.Context(), store.Anonymous, r.ask("약속할게요."), 0)
	r.must(err)
	r.want("the same promised again is the same sound", string(r.await(now)), string(file))
	r.want("of one synthesis", r.syntheses(), 1)
	if rec := r.record(store.Anonymous, r.ask("약속할게요.")); !rec.Cached || rec.URL() != soon {
		r.Errorf("asked for after that: %+v, want what was promised", rec)
	}
	r.waitFor(func() bool {
		_, err := r.db.Promise(r.Context(), blobName(store.Anonymous, soon[strings.LastIndex(soon, "/")+1:]))
		return errors.Is(err, store.ErrNotFound)
	})
	if _, err := r.tryRead(url); !errors.As(err, &wait) {
		r.Errorf("the first promise: %v, want it kept when it is due", err)
	}
	_, err = r.Promise(r.Context(), store.Anonymous, r.ask("..."), 0)
	r.want("nothing to say is said at once", err, ErrNothingToSay)
}

// await asks for a promised file until it is there.
func (r *rig) await(url string) []byte {
	r.Helper()
	var file []byte
	r.waitFor(func() bool {
		var wait *NotYetError
		var err error
		file, err = r.tryRead(url)
		if errors.As(err, &wait) {
			return false
		}
		r.must(err)
		return true
	})
	return file
}

func testBrokenPromise(r *rig) {
	h := newRig(r.T, r.place, ttstest.Config{References: map[string]time.Duration{}}, Config{})
	url, err := h.Promise(r.Context(), store.Anonymous, h.ask("이 목소리는 없어요."), 0)
	r.must(err)
	var broken *BrokenPromiseError
	h.waitFor(func() bool {
		_, err := h.tryRead(url)
		return errors.As(err, &broken)
	})
	if !strings.Contains(broken.Reason, "speech server refused") {
		r.Errorf("the reason is %q", broken.Reason)
	}
}

func testPromiseOutlasts(r *rig) {
	h, let := stuck(r)
	defer let()
	url, err := h.Promise(r.Context(), store.Anonymous, h.ask("재시작해도 약속은 약속이에요."), 0)
	r.must(err)
	h.waitFor(func() bool { return h.syntheses() == 1 })
	gone, cancel := context.WithCancel(r.Context())
	cancel()
	h.Close(gone) // in the middle of it

	file := r.await(url) // of the instance that was there all the time
	pcm, rate := r.samples(file)
	if !slices.Equal(ttstest.Pitches(pcm, rate), ttstest.PitchesOf("재시작해도 약속은 약속이에요.")) {
		r.Error("it says something else")
	}
}

func testOwnerGone(r *rig) {
	_, err := r.Record(r.Context(), "nobody", r.ask("누구세요?"))
	r.want("a recording for nobody", err, ErrOwnerGone)
	_, err = r.Promise(r.Context(), "nobody", r.ask("누구세요?"), 0)
	r.want("a promise to nobody", err, ErrOwnerGone)
	_, err = r.Keep(r.Context(), "nobody", r.voices.Default(), 24000, make([]byte, 2))
	r.want("speech of nobody's", err, ErrOwnerGone)
	for info, err := range r.blobs.List(r.Context(), Folder) {
		r.must(err)
		r.Errorf("%s was left behind", info.Name)
	}
	anna := r.user("anna")
	url, err := r.Promise(r.Context(), anna, r.ask("안나에게."), time.Hour)
	r.must(err)
	r.must(r.db.DeleteUser(r.Context(), anna))
	if _, err := r.tryRead(url); !errors.Is(err, store.ErrNotFound) {
		r.Errorf("what was promised to somebody who is gone: %v", err)
	}
}

func testRoom(r *rig) {
	h := newRig(r.T, r.place, ttstest.Config{}, Config{CacheBytes: 1, FreshFor: time.Nanosecond})
	rec := h.record(store.Anonymous, h.ask("자리가 없어요."))
	h.waitFor(func() bool {
		_, err := h.tryRead(rec.URL())
		return errors.Is(err, store.ErrNotFound)
	})
	_, err := h.db.AudioOfBlob(r.Context(), blobName(rec.Owner, fileName(rec.FileID, rec.Format)))
	if !errors.Is(err, store.ErrNotFound) {
		r.Errorf("its entry is still there: %v", err)
	}

	n := newRig(r.T, r.place, ttstest.Config{}, Config{CacheBytes: -1})
	first, second := n.record(store.Anonymous, n.ask("간직하지 마세요.")), n.record(store.Anonymous, n.ask("간직하지 마세요."))
	if first.URL() == second.URL() || second.Cached {
		r.Error("without a cache a recording answered a second request")
	}
	n.read(first.URL())
	n.read(second.URL())
}

func testSweep(r *rig) {
	rec := r.record(store.Anonymous, r.ask("나는 남아요."))
	orphan := blobName(store.Anonymous, "orphan.wav")
	r.must(r.blobs.Put(r.Context(), orphan, strings.NewReader("x"), 1, "audio/wav"))
	r.sweep(r.Context())
	_, err := r.blobs.Stat(r.Context(), orphan)
	r.must(err) // somebody may be about to enter it
	r.sweepBefore(r.Context(), time.Now().Add(time.Minute))
	if _, err := r.blobs.Stat(r.Context(), orphan); !errors.Is(err, store.ErrNotFound) {
		r.Errorf("a file that belongs to nothing: %v", err)
	}
	r.read(rec.URL())
}

func ExampleRecording_URL() {
	rec := Recording{Owner: "anonymous", FileID: "abc123", Format: WAV}
	fmt.Println(rec.URL())
	// Output: /mnt/user_assets/anonymous/audio/abc123.wav
}
