package avatar

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"strings"
	"time"

	"avatarforge/store"
)

const (
	// PortraitSide is the longer side, in pixels, that a character's picture is made smaller to.
	PortraitSide = 1024
	// portraitQuality is a JPEG's, of 100.
	portraitQuality = 90
	// portraitFolder begins the names of all portraits.
	portraitFolder = "portraits/"
)

// KeepPortrait takes a picture for a character, as a PNG or JPEG file, keeps it for its owner, and returns the path
// under which the server gives it out. What is kept is a new file, upright, at most PortraitSide pixels long and without
// anything else that was in the old one: a PNG if some of it is transparent, a JPEG otherwise. One that no character of its
// owner's shows is deleted after Config.KeepPortraits. The errors are those of Picture and of the store.
func (w *Workshop) KeepPortrait(ctx context.Context, owner string, file []byte) (string, error) {
	img, err := w.look(ctx, file)
	if err != nil {
		return "", err
	}
	small := shrunk(img, PortraitSide)
	write, end, kind := writeJPEG, ".jpg", "image/jpeg"
	if !small.Opaque() {
		write, end, kind = writeWork, ".png", "image/png"
	}
	data, err := write(small)
	if err != nil {
		return "", err
	}
	name := store.NewFigureID() + end
	if err := w.blobs.Put(ctx, portraitFolder+owner+"/"+name, bytes.NewReader(data), int64(len(data)), kind); err != nil {
		return "", err
	}
	return portraitURL(owner, name), nil
}

func writeJPEG(img *image.NRGBA) ([]byte, error) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: portraitQuality}); err != nil {
		return nil, fmt.Errorf("keep the picture: %w", err)
	}
	return buf.Bytes(), nil
}

func portraitURL(owner, file string) string { return "/mnt/user_assets/" + owner + "/images/" + file }

// OpenPortrait opens an owner's portrait by the last part of its path; store.ErrNotFound where there is none. ctx has to
// last until it is closed.
func (w *Workshop) OpenPortrait(ctx context.Context, owner, file string) (*store.Blob, error) {
	return w.blobs.Open(ctx, portraitFolder+owner+"/"+file)
}

// clearPortraits deletes the portraits that nobody shows and that had time to be shown.
func (w *Workshop) clearPortraits(ctx context.Context, now time.Time) error {
	for blob, err := range w.blobs.List(ctx, portraitFolder) {
		if err != nil {
			return err
		}
		if now.Sub(blob.Modified) < w.cfg.KeepPortraits {
			continue
		}
		owner, file, _ := strings.Cut(strings.TrimPrefix(blob.Name, portraitFolder), "/")
		shown, err := w.db.CharacterShows(ctx, owner, portraitURL(owner, file))
		if err != nil {
			return err
		}
		if shown {
			continue
		}
		if err := w.blobs.Delete(ctx, blob.Name); err != nil {
			return err
		}
		w.log.Info("a portrait that no character shows was deleted", slog.String("file", file))
	}
	return nil
}
