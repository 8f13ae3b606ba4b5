package session

import (
	"context"
	"reflect"

	"go.opentelemetry.io/otel/trace"

	"avatarforge/realtime"
	"avatarforge/tts"
)

// Question is one exchange that is asked for without a connection of one's own.
type Question struct {
	// Update changes the session first; nil changes nothing.
	Update *realtime.SessionPatch
	// Messages are the conversation as the asker knows it, oldest first, the last one being
	// what is asked: what of them the session does not hold yet is added to it. Where it
	// holds all, the question is asked again, and the answers that it had are deleted.
	Messages []Message
	Response realtime.ResponseOverrides
}

// Message is what somebody said.
type Message struct {
	Role realtime.Role
	Text string
}

// Answer is a response under way, followed by whoever asked.
type Answer struct {
	*Attachment           // from response.created on; to be detached
	Response    string    // its id
	Voice       tts.Voice // the session's
	Model       string    // the LLM's name
}

// Ask adds what was said to the conversation and begins a response. The asker reads along
// without being the listener: one that is attached stays. A session that has none, and
// waits for none to come back, ends with the last asker's Detach, its response with it.
// Errors are *realtime.Error, ctx's and ErrEnded.
func (s *Session) Ask(ctx context.Context, q Question) (*Answer, error) {
	c := ask{question: q, reply: make(chan asked, 1), span: trace.SpanFromContext(ctx)}
	if q.Update != nil {
		c.part, c.err = s.wantedPart(ctx, q.Update)
	}
	if err := s.post(ctx, c); err != nil {
		return nil, err
	}
	select {
	case a := <-c.reply:
		if a.err != nil {
			return nil, a.err
		}
		return a.answer, nil
	case <-s.over:
		return nil, ErrEnded
	}
}

type ask struct {
	question Question
	part     part // that Update asks for
	err      error
	reply    chan asked // capacity 1
	span     trace.Span // of the request
}

type asked struct {
	answer *Answer
	err    *realtime.Error
}

func (c ask) run(s *Session) {
	answer, err := s.ask(&c)
	c.reply <- asked{answer, err}
	if err != nil {
		s.leaveUnlessFollowed()
	}
}

func (s *Session) ask(c *ask) (*Answer, *realtime.Error) {
	q := &c.question
	if s.state == stateWaiting {
		return nil, waitingError()
	}
	if err := s.mayRespond(); err != nil {
		return nil, err
	}
	if q.Update != nil && s.changes(q.Update) {
		if err := s.update(q.Update, c.part, c.err); err != nil {
			return nil, err
		}
	}
	news, again := unheld(s.items.list, q.Messages)
	for _, answer := range again {
		if err := s.deleteItem(answer.ID); err != nil {
			return nil, err
		}
	}
	for _, m := range news {
		err := s.createItem(&realtime.ItemCreate{Item: realtime.Item{
			Role: m.Role, Status: realtime.StatusCompleted,
			Content: []realtime.Content{{Type: contentType(m.Role), Text: m.Text}},
		}})
		if err != nil {
			return nil, err
		}
	}
	a := s.outbox.attach(s.outbox.nextNumber() - 1)
	if err := s.createResponse(&q.Response, c.span); err != nil {
		s.outbox.detach(a, Ending{})
		return nil, err
	}
	s.audience.askers = append(s.audience.askers, a)
	return &Answer{Attachment: a, Response: s.response.id, Voice: s.voice(), Model: s.object.Model}, nil
}

// changes says whether a patch would change anything: an asker sends all that it knows with
// every question.
func (s *Session) changes(p *realtime.SessionPatch) bool {
	after := s.object
	p.Apply(&after)
	return !reflect.DeepEqual(after, s.object)
}

func contentType(r realtime.Role) realtime.ContentType {
	if r == realtime.RoleAssistant {
		return realtime.ContentOutputText
	}
	return realtime.ContentInputText
}
