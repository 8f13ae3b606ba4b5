package account

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"avatarforge/persona"
	"avatarforge/store"
)

// The JSON of an export. Times are RFC 3339, in UTC.
type (
	exportedUser struct {
		ID        string    `json:"id"`
		Provider  string    `json:"provider"`
		Subject   string    `json:"subject"` // the provider's id
		Email     string    `json:"email"`
		Name      string    `json:"name"`
		Picture   string    `json:"picture"`
		Created   time.Time `json:"created_at"`
		LastLogin time.Time `json:"last_login_at"`
	}
	exportedCharacter struct {
		Character persona.Character `json:"character"`
		Created   time.Time         `json:"created_at"`
		Updated   time.Time         `json:"updated_at"`
	}
	exportedSession struct {
		ID          string            `json:"id"`
		CharacterID string            `json:"character_id"`
		Settings    json.RawMessage   `json:"settings,omitempty"`
		Turn        int               `json:"turn"`
		Created     time.Time         `json:"created_at"`
		Updated     time.Time         `json:"updated_at"`
		Summaries   []exportedSummary `json:"summaries"`
		Messages    []exportedMessage `json:"messages"` // the oldest first
	}
	exportedSummary struct {
		Text    string    `json:"text"`
		UpTo    string    `json:"up_to_message"`
		Created time.Time `json:"created_at"`
	}
	exportedMessage struct {
		ID      string    `json:"id"`
		Role    string    `json:"role"`
		Status  string    `json:"status"`
		Text    string    `json:"text"` // as it was heard
		Full    string    `json:"full_text,omitempty"`
		Created time.Time `json:"created_at"`
		Updated time.Time `json:"updated_at"`
	}
	exportedFact struct {
		ID          string    `json:"id"`
		CharacterID string    `json:"character_id"`
		Kind        string    `json:"kind"`
		Text        string    `json:"text"`
		SessionID   string    `json:"session_id"`
		Created     time.Time `json:"created_at"`
		Updated     time.Time `json:"updated_at"`
	}
	exportedAudio struct {
		File    string    `json:"file"` // in this ZIP
		Voice   string    `json:"voice_id"`
		Seconds float64   `json:"duration"`
		Size    int64     `json:"file_size"`
		Created time.Time `json:"created_at"`
	}
	exportedFigure struct {
		ID          string          `json:"id"`
		CharacterID string          `json:"character_id"`
		Options     json.RawMessage `json:"options,omitempty"`
		Status      string          `json:"status"`
		Failure     string          `json:"error,omitempty"`
		Created     time.Time       `json:"created_at"`
		Updated     time.Time       `json:"updated_at"`
	}
)

// Export writes all that is a user's into w, as a ZIP file: account.json, characters.json, facts.json, audio.json,
// figures.json, sessions/ID.json for each conversation, and the files in the folders that they have in the store. After an
// error what was written is no whole ZIP file. Nothing is begun before the user has been read: store.ErrNotFound.
func (a *Accounts) Export(ctx context.Context, w io.Writer, user string) error {
	u, err := a.cfg.Store.User(ctx, user)
	if err != nil {
		return err
	}
	x := &export{ctx: ctx, a: a, owner: user, zip: zip.NewWriter(w)}
	x.document("account.json", func(l *listing) error {
		return l.write(exportedUser{u.ID, u.Provider, u.Subject, u.Email, u.Name, u.Picture, u.Created, u.LastLogin})
	})
	x.document("characters.json", x.characters)
	x.document("facts.json", x.facts)
	x.document("audio.json", x.audio)
	x.document("figures.json", x.figures)
	x.sessions()
	for _, folder := range a.cfg.Folders {
		x.files(folder)
	}
	if x.err == nil {
		x.err = x.zip.Close()
	}
	if x.err != nil {
		return fmt.Errorf("export: %w", x.err)
	}
	return nil
}

// export is one under way.
type export struct {
	ctx   context.Context //nolint:containedctx // it lives for one Export
	a     *Accounts
	owner string
	zip   *zip.Writer
	err   error // the first; nothing is done after it
}

// document writes a JSON file.
func (x *export) document(name string, fill func(*listing) error) {
	if x.err != nil {
		return
	}
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now().UTC()})
	if err == nil {
		err = fill(&listing{w: w})
	}
	x.err = err
}

// listing is a JSON file that is written piece by piece.
type listing struct {
	w     io.Writer
	count int
}

// write writes a whole value.
func (l *listing) write(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = l.w.Write(append(data, '\n'))
	}
	return err
}

// add writes the next entry of an array, which end ends.
func (l *listing) add(v any) error {
	mark := ",\n"
	if l.count == 0 {
		mark = "[\n"
	}
	l.count++
	if _, err := io.WriteString(l.w, mark); err != nil {
		return err
	}
	data, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(data)
	}
	return err
}

func (l *listing) end() error {
	mark := "\n]\n"
	if l.count == 0 {
		mark = "[]\n"
	}
	_, err := io.WriteString(l.w, mark)
	return err
}

// pageSize is how much is read of a list at once; the store's most.
const pageSize = 200

// pages calls each for every entry of a list that comes in pages.
func pages[T any](read func(cursor string) ([]T, string, error), each func(T) error) error {
	for cursor := ""; ; {
		list, next, err := read(cursor)
		if err != nil {
			return err
		}
		for _, v := range list {
			if err := each(v); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

func (x *export) characters(l *listing) error {
	err := pages(func(cursor string) ([]store.Character, string, error) {
		return x.a.cfg.Store.Characters(x.ctx, x.owner, cursor, pageSize)
	}, func(c store.Character) error { return l.add(exportedCharacter{c.Character, c.Created, c.Updated}) })
	return errors.Join(err, l.end())
}

func (x *export) facts(l *listing) error {
	err := pages(func(cursor string) ([]store.Fact, string, error) {
		return x.a.cfg.Store.FactsPage(x.ctx, x.owner, nil, cursor, pageSize)
	}, func(f store.Fact) error {
		return l.add(exportedFact{f.ID, f.CharacterID, f.Kind, f.Text, f.Session, f.Created, f.Updated})
	})
	return errors.Join(err, l.end())
}

func (x *export) audio(l *listing) error {
	err := pages(func(cursor string) ([]store.Audio, string, error) {
		return x.a.cfg.Store.ListAudio(x.ctx, x.owner, cursor, pageSize)
	}, func(f store.Audio) error {
		return l.add(exportedAudio{x.inZip(f.Blob), f.Voice, f.Duration.Seconds(), f.Size, f.Created})
	})
	return errors.Join(err, l.end())
}

func (x *export) figures(l *listing) error {
	err := pages(func(cursor string) ([]store.Figure, string, error) {
		return x.a.cfg.Store.Figures(x.ctx, x.owner, cursor, pageSize)
	}, func(f store.Figure) error {
		return l.add(exportedFigure{f.ID, f.CharacterID, f.Options, string(f.Status), f.Failure, f.Created, f.Updated})
	})
	return errors.Join(err, l.end())
}

// sessions writes a file for each conversation.
func (x *export) sessions() {
	if x.err != nil {
		return
	}
	x.err = pages(func(cursor string) ([]store.Session, string, error) {
		return x.a.cfg.Store.Sessions(x.ctx, x.owner, cursor, pageSize)
	}, func(s store.Session) error {
		out := exportedSession{
			ID: s.ID, CharacterID: s.CharacterID, Settings: s.Config, Turn: s.Turn, Created: s.Created, Updated: s.Updated,
			Summaries: []exportedSummary{}, Messages: []exportedMessage{},
		}
		summaries, err := x.a.cfg.Store.Summaries(x.ctx, s.ID)
		if err != nil {
			return err
		}
		for _, y := range summaries {
			out.Summaries = append(out.Summaries, exportedSummary{y.Text, y.UpToItem, y.Created})
		}
		items, err := x.a.cfg.Store.Items(x.ctx, s.ID) // of one conversation: bounded by the protocol
		if err != nil {
			return err
		}
		for _, it := range items {
			m := exportedMessage{ID: it.ID, Role: it.Role, Status: it.Status, Text: it.Text, Created: it.Created, Updated: it.Updated}
			if it.Full != it.Text {
				m.Full = it.Full
			}
			out.Messages = append(out.Messages, m)
		}
		x.document("sessions/"+url.QueryEscape(s.ID)+".json", func(l *listing) error { return l.write(out) })
		return x.err
	})
}

// inZip is a file's name without its owner's id.
func (x *export) inZip(blob string) string { return strings.Replace(blob, "/"+x.owner+"/", "/", 1) }

// files copies the files of a folder. They are compressed as they are. One that is deleted meanwhile is left out.
func (x *export) files(folder string) {
	if x.err != nil {
		return
	}
	for info, err := range x.a.cfg.Blobs.List(x.ctx, folder+x.owner+"/") {
		if err == nil {
			err = x.file(info)
		}
		if err != nil {
			x.err = err
			return
		}
	}
}

func (x *export) file(info store.BlobInfo) error {
	blob, err := x.a.cfg.Blobs.Open(x.ctx, info.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer blob.Close()
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: x.inZip(info.Name), Method: zip.Store, Modified: blob.Modified})
	if err == nil {
		_, err = io.Copy(w, blob)
	}
	return err
}
