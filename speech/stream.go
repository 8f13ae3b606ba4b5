package speech

import (
	"context"
	"errors"
	"fmt"
	"io"

	"avatarforge/store"
)

// Stream is speech to be passed on as it is made. It has to be closed, and is used by one
// goroutine.
type Stream struct {
	// Format is how it is encoded.
	Format Format

	studio *Studio
	blob   *store.Blob // a recording that is there; or else
	take   *take
}

// Stream is Record for who wants the sound itself: the recording, if there is one, or a
// take's sound while it is made. It returns once there is something to hear, or in
// streaming mode 0 all of it; what is kept of it is as with Record.
//
// Errors are Record's. Not being able to keep the sound is none.
func (s *Studio) Stream(ctx context.Context, owner string, req Request) (*Stream, error) {
	sc, err := newScript(req)
	if err != nil {
		return nil, err
	}
	st := &Stream{Format: sc.format, studio: s}
	rec, err := s.find(ctx, owner, sc.key)
	if err == nil {
		st.blob, err = s.cfg.Blobs.Open(ctx, blobName(owner, fileName(rec.FileID, rec.Format)))
	}
	switch {
	case err == nil:
		return st, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("find speech: %w", context.Cause(ctx))
	}
	t, _, err := s.join(sc, want{owner: owner}, req.StreamingMode > 0)
	if err != nil {
		return nil, err
	}
	st.take = t
	if req.StreamingMode > 0 {
		_, err = t.spool.wait(ctx, 0)
	} else {
		_, err = t.spool.whole(ctx)
	}
	if err != nil {
		st.Close()
		return nil, fmt.Errorf("make speech: %w", err)
	}
	return st, nil
}

// ContentType is the sound's media type.
func (st *Stream) ContentType() string { return st.Format.ContentType() }

// Size is how many bytes Copy will write; negative while that is not known.
func (st *Stream) Size() int64 {
	if st.blob != nil {
		return st.blob.Size
	}
	size, whole := st.take.spool.made()
	if !whole {
		return -1
	}
	return int64(len(st.take.script.header(size))) + size
}

// Copy writes the sound as it comes. A WAV whose size is not known when it begins says so in
// its header: its sizes are 0xFFFFFFFF. An error means that what was written is not all.
func (st *Stream) Copy(ctx context.Context, w io.Writer) error {
	if st.blob != nil {
		if _, err := io.Copy(w, st.blob); err != nil {
			return fmt.Errorf("pass a recording on: %w", err)
		}
		return nil
	}
	spool := st.take.spool
	size, whole := spool.made()
	if !whole {
		size = -1
	}
	if header := st.take.script.header(size); len(header) > 0 {
		if _, err := w.Write(header); err != nil {
			return fmt.Errorf("pass speech on: %w", err)
		}
	}
	for done := int64(0); ; {
		size, err := spool.wait(ctx, done)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("pass speech on: %w", err)
		}
		n, err := io.Copy(w, spool.section(done, size))
		if err != nil {
			return fmt.Errorf("pass speech on: %w", err)
		}
		done += n
	}
}

// Close gives up what is not passed on.
func (st *Stream) Close() {
	if st.blob != nil {
		_ = st.blob.Close()
		st.blob = nil
	}
	if st.take != nil {
		st.studio.leave(st.take)
		st.take = nil
	}
}
