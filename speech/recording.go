package speech

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"avatarforge/store"
	"avatarforge/tts"
)

// Recording is a speech file of an owner's.
type Recording struct {
	Owner    string
	FileID   string
	Format   Format
	VoiceID  string
	Duration time.Duration // of the sound in it
	Size     int64         // of the file, in bytes
	Created  time.Time
	// Cached says that nothing had to be synthesised for it.
	Cached bool
}

// URL is the path at which the file is served.
func (r *Recording) URL() string { return fileURL(r.Owner, fileName(r.FileID, r.Format)) }

// fileURL is a path that the specification names.
func fileURL(owner, file string) string { return "/mnt/user_assets/" + owner + "/audio/" + file }

func fileName(fileID string, format Format) string { return fileID + "." + string(format) }

// Folder is where all recordings are in Blobs: each owner's in a folder of their own.
const Folder = "audio/"

func blobName(owner, file string) string { return Folder + owner + "/" + file }

func newFileID() string { return strings.ToLower(rand.Text()) }

func recordingOf(a *store.Audio) Recording {
	file := a.Blob[strings.LastIndexByte(a.Blob, '/')+1:]
	id, _, _ := strings.Cut(file, ".")
	return Recording{
		Owner: a.Owner, FileID: id, Format: Format(a.Format), VoiceID: a.Voice,
		Duration: a.Duration, Size: a.Size, Created: a.Created,
	}
}

// Record returns the owner's recording of a request, made unless it is there. Requests for
// the same at once are synthesised once, whoever asks; when ctx ends the others go on.
//
// Errors: ErrNothingToSay, ErrOwnerGone, ErrClosed, the scheduler's, the store's.
func (s *Studio) Record(ctx context.Context, owner string, req Request) (Recording, error) {
	sc, err := newScript(req)
	if err != nil {
		return Recording{}, err
	}
	rec, err := s.find(ctx, owner, sc.key)
	if !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	t, w, err := s.join(sc, want{owner: owner, told: true}, false)
	if err != nil {
		return Recording{}, err
	}
	defer s.leave(t)
	select {
	case <-w.done:
		return w.rec, w.err
	case <-ctx.Done():
		return Recording{}, fmt.Errorf("wait for speech: %w", context.Cause(ctx))
	}
}

// find is the owner's recording of a key, if its file is there; else store.ErrNotFound.
func (s *Studio) find(ctx context.Context, owner, key string) (Recording, error) {
	if !s.caches() {
		return Recording{}, store.ErrNotFound
	}
	a, err := s.cfg.Store.Audio(ctx, owner, key)
	if err != nil {
		return Recording{}, err
	}
	info, err := s.cfg.Blobs.Stat(ctx, a.Blob)
	switch {
	case err == nil && info.Size == a.Size:
		rec := recordingOf(&a)
		rec.Cached = true
		return rec, nil
	case err == nil || errors.Is(err, store.ErrNotFound):
		// Somebody has tidied up, or the disk has lost it: made again, it gets another name.
		s.log.Warn("a recording's file is gone or damaged; it is made again", slog.String("blob", a.Blob))
		if err := s.cfg.Store.DeleteAudio(ctx, a.Blob); err != nil {
			return Recording{}, err
		}
		s.remove(ctx, a.Blob)
		return Recording{}, store.ErrNotFound
	default:
		return Recording{}, err
	}
}

// remove deletes a file that no entry names. One that stays is swept up later.
func (s *Studio) remove(ctx context.Context, blob string) {
	if err := s.cfg.Blobs.Delete(context.WithoutCancel(ctx), blob); err != nil {
		s.log.Warn("a speech file was not deleted", slog.String("blob", blob), slog.Any("error", err))
	}
}

// file makes the file that is wanted of a take whose sound is there.
func (s *Studio) file(ctx context.Context, t *take, w *want) (Recording, error) {
	size, err := t.spool.whole(ctx)
	if err != nil {
		return Recording{}, err
	}
	sc := t.script
	header := sc.header(size)
	put := func(key, fileID string) (Recording, error) {
		a := store.Audio{Owner: w.owner, Key: key, Voice: sc.voice.ID, Format: string(sc.format), Duration: t.duration}
		sound := io.MultiReader(bytes.NewReader(header), t.spool.section(0, size))
		rec, err := s.put(ctx, a, fileID, sound, int64(len(header))+size)
		rec.Cached = t.copied
		return rec, err
	}
	// Another take, or another instance, may have been quicker.
	rec, err := s.find(ctx, w.owner, sc.key)
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return Recording{}, err
	case w.fileID == "" && there:
		return rec, nil
	case w.fileID == "":
		rec, err := put(sc.key, newFileID())
		if errors.Is(err, store.ErrConflict) {
			return s.find(ctx, w.owner, sc.key)
		}
		return rec, err
	case there: // what was promised is another file
		return put(ownKey(sc.key, w.fileID), w.fileID)
	}
	rec, err = put(sc.key, w.fileID)
	if errors.Is(err, store.ErrConflict) {
		return put(ownKey(sc.key, w.fileID), w.fileID)
	}
	return rec, err
}

// put stores a file and its entry. ErrConflict: the owner has an entry of that key; then
// there is no file either.
func (s *Studio) put(ctx context.Context, a store.Audio, fileID string, sound io.Reader, size int64) (Recording, error) {
	format := Format(a.Format)
	a.Blob, a.Size = blobName(a.Owner, fileName(fileID, format)), size
	if !s.caches() {
		a.Key = ownKey(a.Key, fileID)
	}
	if err := s.cfg.Blobs.Put(ctx, a.Blob, sound, size, format.ContentType()); err != nil {
		return Recording{}, fmt.Errorf("keep speech: %w", err)
	}
	added, err := s.cfg.Store.AddAudio(ctx, a)
	if err != nil {
		s.remove(ctx, a.Blob)
		if errors.Is(err, store.ErrNotFound) {
			return Recording{}, ErrOwnerGone
		}
		return Recording{}, fmt.Errorf("keep speech: %w", err)
	}
	poke(s.crowded)
	return recordingOf(&added), nil
}

// ownKey is the key of a recording that answers no second request.
func ownKey(key, fileID string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + fileID))
	return hex.EncodeToString(sum[:])
}

// Keep stores speech that is there already, 16-bit little-endian mono samples at rate
// samples per second, as a WAV file of the owner's.
//
// Errors: ErrNothingToSay where there are no samples, ErrOwnerGone, the store's.
func (s *Studio) Keep(ctx context.Context, owner string, voice tts.Voice, rate int, pcm []byte) (Recording, error) {
	if len(pcm) == 0 || rate <= 0 {
		return Recording{}, ErrNothingToSay
	}
	id := newFileID()
	header := tts.AppendWAVHeader(nil, rate, len(pcm))
	a := store.Audio{
		Owner: owner, Key: ownKey("", id), Voice: voice.ID, Format: string(WAV), Duration: pcmDuration(int64(len(pcm)), rate),
	}
	return s.put(ctx, a, id, io.MultiReader(bytes.NewReader(header), bytes.NewReader(pcm)), int64(len(header)+len(pcm)))
}
