package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/store"
)

// sessionShown is a conversation as its owner sees it.
type sessionShown struct {
	ID          string    `json:"id" example:"0f8fad5b-d9cb-469f-a165-70867728950e"`
	CharacterID string    `json:"character_id" example:"hermione" doc:"Empty for the plain assistant."`
	Turn        int       `json:"turn" example:"3" doc:"Turns taken so far."`
	Live        bool      `json:"live" doc:"Whether it is under way on this server."`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type sessionPage struct {
	Sessions   []sessionShown `json:"sessions"`
	NextCursor string         `json:"next_cursor" example:"" doc:"Where the next page begins; empty at the end."`
}

// messageShown is an item of a transcript.
type messageShown struct {
	ID        string    `json:"id" example:"item_2"`
	Role      string    `json:"role" enum:"user,assistant,system"`
	Content   string    `json:"content" example:"안녕! 만나서 반가워~" doc:"What was said; of speech that was interrupted, what was heard."`
	Status    string    `json:"status" enum:"completed,incomplete,in_progress"`
	CreatedAt time.Time `json:"created_at"`
}

type messagePage struct {
	Messages   []messageShown `json:"messages"`
	NextCursor string         `json:"next_cursor" example:"" doc:"Where the next page begins; empty at the end."`
}

type (
	sessionID struct {
		ID string `path:"session_id" maxLength:"64" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"The conversation's id."`
	}
	deletedSession struct {
		ID string `json:"id" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"Of the conversation that is gone."`
	}
)

func (s *Server) sessionRoutes(api huma.API) {
	if s.cfg.Transcripts == nil {
		return
	}
	const one = "/api/sessions/{session_id}"
	handle(api, s.owned(operation("listSessions", http.MethodGet, "/api/sessions", tagChat,
		"The caller's conversations, the one begun last first",
		"Those over the WebSocket, and those by POST /api/chat.")), s.sessions)
	handle(api, s.owned(operation("getSession", http.MethodGet, one, tagChat,
		"A conversation of the caller's",
		"Somebody else's is as none.")), s.session)
	handle(api, s.owned(operation("listMessages", http.MethodGet, one+"/messages", tagChat,
		"What was said in it, oldest first",
		"The transcript of record: also what no longer fits the model's context.")), s.messages)
	handle(api, s.owned(operation("deleteSession", http.MethodDelete, one, tagChat,
		"Delete a conversation and all that was said in it",
		"If it is under way, it ends.")), s.deleteSession)
}

func (s *Server) sessions(ctx context.Context, in *page) (*answer[sessionPage], error) {
	owner := ownerOf(ctx)
	list, next, err := s.cfg.Transcripts.store.Sessions(ctx, owner, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shown := sessionPage{Sessions: make([]sessionShown, len(list)), NextCursor: next}
	for i := range list {
		shown.Sessions[i] = s.shownSession(&list[i])
	}
	return ok(shown), nil
}

func (s *Server) shownSession(x *store.Session) sessionShown {
	_, live := s.cfg.Registry.Find(x.Owner, x.ID)
	return sessionShown{
		ID: x.ID, CharacterID: x.CharacterID, Turn: x.Turn, Live: live, CreatedAt: x.Created, UpdatedAt: x.Updated,
	}
}

func (s *Server) session(ctx context.Context, in *sessionID) (*answer[sessionShown], error) {
	x, err := s.ownSession(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(s.shownSession(&x)), nil
}

// ownSession is a conversation of the caller's. Another's is as none: its id says nothing.
func (s *Server) ownSession(ctx context.Context, id string) (store.Session, error) {
	x, err := s.cfg.Transcripts.store.Session(ctx, id)
	if err == nil && x.Owner != ownerOf(ctx) {
		err = store.ErrNotFound
	}
	return x, err
}

type messagesInput struct {
	ID     string `path:"session_id" maxLength:"64" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"The conversation's id."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many messages to return at most."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where to go on: next_cursor of the page before. Empty for the first page."`
}

func (s *Server) messages(ctx context.Context, in *messagesInput) (*answer[messagePage], error) {
	x, err := s.ownSession(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	items, next, err := s.cfg.Transcripts.store.Messages(ctx, x.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shown := messagePage{Messages: make([]messageShown, len(items)), NextCursor: next}
	_, live := s.cfg.Registry.Find(x.Owner, x.ID)
	for i, it := range items {
		shown.Messages[i] = messageShown{ID: it.ID, Role: it.Role, Content: it.Text, Status: it.Status, CreatedAt: it.Created}
		if it.Status == string(realtime.StatusInProgress) && !live {
			shown.Messages[i].Status = string(realtime.StatusIncomplete) // its server died over it
		}
	}
	return ok(shown), nil
}

func (s *Server) deleteSession(ctx context.Context, in *sessionID) (*answer[deletedSession], error) {
	owner := ownerOf(ctx)
	if live, ok := s.cfg.Registry.Find(owner, in.ID); ok {
		live.End(session.Ending{Code: realtime.CloseNormal, Reason: "the conversation was deleted"})
	}
	s.cfg.Registry.Forget(in.ID)
	if err := s.cfg.Transcripts.store.DeleteSession(ctx, owner, in.ID); err != nil {
		return nil, err
	}
	return ok(deletedSession{ID: in.ID}), nil
}
