package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/persona"
	"avatarforge/session"
	"avatarforge/store"
)

// summaryShown is what stands for the older turns of a conversation.
type summaryShown struct {
	SessionID       string     `json:"session_id" example:"0f8fad5b-d9cb-469f-a165-70867728950e"`
	Summary         string     `json:"summary" example:"지수와 헤르미온느는 토요일에 도서관에서 만나기로 했다." doc:"What the model is told in place of the older turns; empty where there is no summary."`
	SummarizedTurns int        `json:"summarized_turns" example:"12" doc:"How many turns it stands for, from the beginning. All of them are in the transcript."`
	Tokens          int        `json:"tokens" example:"24" doc:"The summary's length, by the server's own count."`
	Edited          bool       `json:"edited" doc:"Whether somebody wrote it rather than a model."`
	UpdatedAt       *time.Time `json:"updated_at,omitempty" example:"2026-01-26T10:00:00Z"`
}

// factShown is something that a character knows of the caller.
type factShown struct {
	ID          string    `json:"id" example:"9b2f7c1e-5d3a-4a80-8c6b-2f1d0e9a7b44"`
	CharacterID string    `json:"character_id" example:"hermione" doc:"Who knows it; empty for the plain assistant."`
	Kind        string    `json:"kind" enum:"name,about,like,promise,event"`
	Text        string    `json:"text" example:"사용자의 이름은 지수이다."`
	SessionID   string    `json:"session_id" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"The conversation in which it was learned; empty for one that was written down."`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type factPage struct {
	Facts      []factShown `json:"facts"`
	NextCursor string      `json:"next_cursor" example:"" doc:"Where the next page begins; empty at the end."`
}

// factKind is what a fact is about, empty where nothing is said of that.
type factKind string

// Schema lists the kinds that there are.
func (factKind) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "What it is about: the caller's name, life, likes and dislikes, a promise, something that happened. The most useful are told first where there are many, names before all."}
	for _, k := range persona.FactKinds {
		s.Enum = append(s.Enum, string(k))
	}
	return s
}

type (
	editedSummary struct {
		ID   string `path:"session_id" maxLength:"64" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"The conversation's id."`
		Body struct {
			Summary string `json:"summary" maxLength:"8000" example:"지수와 헤르미온느는 일요일에 도서관에서 만나기로 했다." doc:"It holds until the next summary, which is made of it and of the turns since."`
		}
	}
	factsInput struct {
		Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many facts to return at most."`
		Cursor      string `query:"cursor" maxLength:"1024" doc:"Where to go on: next_cursor of the page before. Empty for the first page."`
		CharacterID string `query:"character_id" maxLength:"64" doc:"Only what this character knows."`
	}
	newFact struct {
		Body struct {
			CharacterID string   `json:"character_id,omitempty" maxLength:"64" example:"hermione" doc:"Who is to know it; the plain assistant where it is left out."`
			Kind        factKind `json:"kind,omitempty"`
			Text        string   `json:"text" minLength:"1" maxLength:"300" example:"사용자의 이름은 지수이다." doc:"One sentence."`
		}
	}
	changedFact struct {
		ID   string `path:"fact_id" maxLength:"64" example:"9b2f7c1e-5d3a-4a80-8c6b-2f1d0e9a7b44" doc:"The fact's id."`
		Body struct {
			Kind factKind `json:"kind,omitempty"`
			Text string   `json:"text,omitempty" maxLength:"300" example:"사용자의 이름은 민수이다." doc:"One sentence; unchanged where it is left out."`
		}
	}
	factID struct {
		ID string `path:"fact_id" maxLength:"64" example:"9b2f7c1e-5d3a-4a80-8c6b-2f1d0e9a7b44" doc:"The fact's id."`
	}
	deletedFact struct {
		ID string `json:"id" example:"9b2f7c1e-5d3a-4a80-8c6b-2f1d0e9a7b44" doc:"Of the fact that is gone."`
	}
	forgetInput struct {
		CharacterID string `query:"character_id" maxLength:"64" doc:"Only what this character knows; all that is known of the caller where it is left out."`
	}
	forgotten struct {
		Deleted int `json:"deleted" example:"3" doc:"How many facts are gone."`
	}
)

// Why facts cannot be had.
var (
	errNoFacts = newProblem(http.StatusServiceUnavailable, codeNotConfigured,
		"This server remembers nothing of its listeners from one conversation to the next; MEMORY_FACTS=true changes that.")
	errAnonymousFacts = newProblem(http.StatusUnauthorized, codeUnauthenticated,
		"Log in first: what is remembered of people who are not logged in would be everybody's.")
)

func (s *Server) memoryRoutes(api huma.API) {
	if s.cfg.Memories == nil {
		return
	}
	const summary, all, one = "/api/sessions/{session_id}/summary", "/api/facts", "/api/facts/{fact_id}"
	handle(api, s.owned(operation("getSummary", http.MethodGet, summary, tagMemory,
		"What stands for the older turns of a conversation of the caller's",
		"It is made once the model's context window is nearly full, and may be empty before. The transcript has every turn.")), s.summary)
	handle(api, s.owned(operation("putSummary", http.MethodPut, summary, tagMemory,
		"Write a conversation's summary anew",
		"It holds until the next summary, which is made of it and of the turns since, whether the conversation goes on or is over.")), s.setSummary)
	handle(api, s.facting(operation("listFacts", http.MethodGet, all, tagMemory,
		"What characters know of the caller from conversations past, the latest first",
		"Of people who are not logged in nothing is kept, unless the server is set up so.")), s.facts)
	handle(api, s.facting(operation("createFact", http.MethodPost, all, tagMemory,
		"Have a character know something",
		"It is told in conversations that are under way as well, and no model changes it. Of more than fifty facts the least useful go.")), s.createFact)
	handle(api, s.facting(operation("forget", http.MethodDelete, all, tagMemory,
		"Have a character, or all of them, forget the caller",
		"Conversations that are under way forget as well.")), s.forget)
	handle(api, s.facting(operation("updateFact", http.MethodPatch, one, tagMemory,
		"Correct something that a character knows",
		"From then on it is the caller's own word, which no model changes.")), s.updateFact)
	handle(api, s.facting(operation("deleteFact", http.MethodDelete, one, tagMemory,
		"Have a character forget something",
		"Conversations that are under way forget it as well.")), s.deleteFact)
}

// facting is owned, for what can fail because nobody is remembered.
func (s *Server) facting(op huma.Operation) huma.Operation {
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusServiceUnavailable)
	return s.owned(op)
}

func (s *Server) summary(ctx context.Context, in *sessionID) (*answer[summaryShown], error) {
	x, err := s.cfg.Registry.Summary(ctx, ownerOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return ok(shownSummary(in.ID, x)), nil
}

func (s *Server) setSummary(ctx context.Context, in *editedSummary) (*answer[summaryShown], error) {
	x, err := s.cfg.Registry.SetSummary(ctx, ownerOf(ctx), in.ID, strings.TrimSpace(in.Body.Summary))
	if errors.Is(err, session.ErrSummaryTooLong) {
		return nil, badBody("summary", "It would take too much of the model's context window: "+err.Error()+".", "")
	}
	if err != nil {
		return nil, err
	}
	return ok(shownSummary(in.ID, x)), nil
}

func shownSummary(id string, x session.Recollection) summaryShown {
	shown := summaryShown{
		SessionID: id, Summary: x.Summary.Text, SummarizedTurns: x.Turns, Tokens: x.Summary.Tokens,
	}
	if !x.Summary.Created.IsZero() {
		shown.Edited, shown.UpdatedAt = x.Summary.Model == "", &x.Summary.Created
	}
	return shown
}

// ownFacts says whose facts the caller may see: nobody's where nobody can tell who asks.
func (s *Server) ownFacts(ctx context.Context) (owner string, err error) {
	owner = ownerOf(ctx)
	switch of := s.cfg.Memories.of; {
	case owner != session.Anonymous, of == session.RememberAll:
		return owner, nil
	case of == session.RememberNobody:
		return "", errNoFacts
	default:
		return "", errAnonymousFacts
	}
}

// remembered is ownFacts for what adds to them.
func (s *Server) remembered(ctx context.Context) (owner string, err error) {
	if s.cfg.Memories.of == session.RememberNobody {
		return "", errNoFacts
	}
	return s.ownFacts(ctx)
}

func shownFact(f store.Fact) factShown {
	kind := f.Kind
	if kind == "" {
		kind = string(persona.FactAbout)
	}
	return factShown{
		ID: f.ID, CharacterID: f.CharacterID, Kind: kind, Text: f.Text, SessionID: f.Session,
		CreatedAt: f.Created, UpdatedAt: f.Updated,
	}
}

func (s *Server) facts(ctx context.Context, in *factsInput) (*answer[factPage], error) {
	owner, err := s.ownFacts(ctx)
	if err != nil {
		return nil, err
	}
	var character *string
	if in.CharacterID != "" {
		character = &in.CharacterID
	}
	list, next, err := s.cfg.Memories.store.FactsPage(ctx, owner, character, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shown := factPage{Facts: make([]factShown, len(list)), NextCursor: next}
	for i, f := range list {
		shown.Facts[i] = shownFact(f)
	}
	return ok(shown), nil
}

func (s *Server) createFact(ctx context.Context, in *newFact) (*answer[factShown], error) {
	owner, err := s.remembered(ctx)
	if err != nil {
		return nil, err
	}
	if in.Body.CharacterID != "" {
		if _, err := s.cfg.Characters.Character(ctx, in.Body.CharacterID); err != nil {
			return nil, err
		}
	}
	f := session.Fact{Owner: owner, Character: in.Body.CharacterID, Kind: persona.FactAbout}
	return s.writeFact(ctx, f, in.Body.Kind, in.Body.Text)
}

func (s *Server) updateFact(ctx context.Context, in *changedFact) (*answer[factShown], error) {
	owner, err := s.remembered(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.cfg.Memories.store.Fact(ctx, owner, in.ID)
	if err != nil {
		return nil, err
	}
	known := knownFact(f)
	known.Session = "" // it is the caller's own word from now on
	text := in.Body.Text
	if text == "" {
		text = f.Text
	}
	return s.writeFact(ctx, known, in.Body.Kind, text)
}

// writeFact saves what the caller has written down. The least useful of what there is too
// many of goes.
func (s *Server) writeFact(ctx context.Context, f session.Fact, kind factKind, text string) (*answer[factShown], error) {
	if f.Text = strings.Join(strings.Fields(text), " "); f.Text == "" {
		return nil, badBody("text", "It has no words.", text)
	}
	if kind != "" {
		f.Kind = persona.FactKind(kind)
	}
	saved, err := s.cfg.Memories.saveFact(ctx, f)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errOwnerGone
	}
	if err != nil {
		return nil, err
	}
	known, err := s.cfg.Memories.Facts(ctx, f.Owner, f.Character)
	if err != nil {
		return nil, err
	}
	for _, id := range session.SurplusFacts(known) {
		if err := s.cfg.Memories.DeleteFact(ctx, f.Owner, id); err != nil {
			return nil, err
		}
	}
	s.factsChanged(ctx, f.Owner, f.Character)
	return ok(shownFact(saved)), nil
}

func (s *Server) deleteFact(ctx context.Context, in *factID) (*answer[deletedFact], error) {
	owner, err := s.ownFacts(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.cfg.Memories.store.Fact(ctx, owner, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Memories.store.DeleteFact(ctx, owner, in.ID); err != nil {
		return nil, err
	}
	s.factsChanged(ctx, owner, f.CharacterID)
	return ok(deletedFact{in.ID}), nil
}

func (s *Server) forget(ctx context.Context, in *forgetInput) (*answer[forgotten], error) {
	owner, err := s.ownFacts(ctx)
	if err != nil {
		return nil, err
	}
	characters := []string{in.CharacterID}
	if in.CharacterID == "" {
		if characters, err = s.cfg.Memories.whoKnow(ctx, owner); err != nil {
			return nil, err
		}
	}
	deleted := 0
	for _, character := range characters {
		n, err := s.cfg.Memories.store.DeleteFacts(ctx, owner, character)
		if err != nil {
			return nil, err
		}
		deleted += int(n)
		s.factsChanged(ctx, owner, character)
	}
	return ok(forgotten{deleted}), nil
}

// whoKnow are the characters that know anything of the owner.
func (m *Memories) whoKnow(ctx context.Context, owner string) (characters []string, err error) {
	seen := map[string]bool{}
	for cursor := ""; ; {
		list, next, err := m.store.FactsPage(ctx, owner, nil, cursor, 200)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			if !seen[f.CharacterID] {
				seen[f.CharacterID] = true
				characters = append(characters, f.CharacterID)
			}
		}
		if cursor = next; cursor == "" {
			return characters, nil
		}
	}
}
