import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../realtime/events.ts';
import { EMPTY, reduce, type Action, type Conversation } from './conversation.ts';

const event = (fields: Record<string, unknown>): Action => ({
  kind: 'event',
  event: { event_id: 'event_1', ...fields } as unknown as ServerEvent,
});
const play = (actions: Action[], from: Conversation = EMPTY) => actions.reduce(reduce, from);

const item = (id: string, role: string, text: string, status = 'completed') => ({
  id,
  type: 'message',
  role,
  status,
  content: text === '' ? [] : [role === 'user' ? { type: 'input_text', text } : { type: 'output_audio', transcript: text }],
});

const begun: Action[] = [
  { kind: 'said', id: 'm1', text: '안녕' },
  event({ type: 'conversation.item.added', item: item('m1', 'user', '안녕') }),
  event({ type: 'response.created', response: { id: 'r1', status: 'in_progress' } }),
  event({ type: 'response.output_item.added', response_id: 'r1', item: item('a1', 'assistant', '', 'in_progress') }),
  event({ type: 'conversation.item.added', item: item('a1', 'assistant', '', 'in_progress'), previous_item_id: 'm1' }),
];
const delta = (text: string) => event({ type: 'response.output_audio_transcript.delta', response_id: 'r1', item_id: 'a1', delta: text });
const sentence = (segment: number, index: number, text: string) =>
  event({ type: 'avatarforge.sentence', segment, index, item_id: 'a1', text });
const done = (status: string) => event({ type: 'response.done', response: { id: 'r1', status } });

describe('a turn', () => {
  it('shows the user’s words at once and marks them as sent when the server has them', () => {
    const said = play(begun.slice(0, 1));
    expect(said).toMatchObject({ awaiting: true, messages: [{ id: 'm1', role: 'user', text: '안녕', status: 'sending' }] });
    expect(play(begun.slice(1, 2), said).messages).toMatchObject([{ id: 'm1', status: 'done' }]);
  });

  it('grows the answer token by token, once, though the item is announced twice', () => {
    const state = play([...begun, delta('반가'), delta('워요.')]);
    expect(state).toMatchObject({ active: 'r1', awaiting: false });
    expect(state.messages).toMatchObject([{ id: 'm1' }, { id: 'a1', text: '반가워요.', status: 'streaming', responseId: 'r1' }]);
    const end = play([event({ type: 'conversation.item.done', item: item('a1', 'assistant', '반가워요.') }), done('completed')], state);
    expect(end).toMatchObject({ active: null, messages: [{}, { text: '반가워요.', status: 'done', heardChars: null }] });
  });

  it('finds each sentence’s place by the length of those before it', () => {
    const state = play([...begun, delta('안녕! 잘 지냈어요? 네.'), sentence(7, 0, '안녕! '), sentence(8, 1, '잘 지냈어요? ')]);
    const { text, sentences } = state.messages[1]!;
    expect(sentences.map(({ start, end }) => text.slice(start, end))).toEqual(['안녕! ', '잘 지냈어요? ']);
    expect(sentences.map(({ segment }) => segment)).toEqual([7, 8]);
  });

  it('begins from the top when an item is spoken again', () => {
    const state = play([...begun, delta('안녕! 네.'), sentence(7, 0, '안녕! '), sentence(8, 1, '네.'), sentence(9, 0, '안녕! ')]);
    expect(state.messages[1]!.sentences).toMatchObject([{ segment: 9, start: 0 }]);
  });

  it('keeps a sentence’s length, or that it could not be spoken, however that is told', () => {
    const state = play([
      ...begun,
      sentence(7, 0, 'a.'),
      sentence(8, 1, 'b.'),
      sentence(9, 2, 'c.'),
      event({ type: 'avatarforge.sentence.done', segment: 7, duration_ms: 900 }),
      event({ type: 'error', error: { code: 'speech_failed', message: '' }, avatarforge: { segment: 8 } }),
      event({ type: 'avatarforge.sentence.done', segment: 9, error: { code: 'speech_failed', message: '' } }),
    ]);
    expect(state.messages[1]!.sentences).toMatchObject([
      { durationMs: 900, failed: false },
      { durationMs: null, failed: true },
      { durationMs: 0, failed: true },
    ]);
  });
});

describe('an interrupted answer', () => {
  it('did not fail to be spoken', () => {
    const state = play([
      ...begun,
      sentence(7, 0, 'a.'),
      event({ type: 'avatarforge.sentence.done', segment: 7, error: { code: 'speech_cancelled', message: '' } }),
    ]);
    expect(state.messages[1]!.sentences).toMatchObject([{ failed: false }]);
  });

  const cut: Action = { kind: 'cut', id: 'a1', heardChars: 2 };

  it('stays whole on the page, with what was heard marked as the server cut it', () => {
    const state = play([
      ...begun,
      delta('하나 둘 셋'),
      cut,
      done('cancelled'),
      event({ type: 'conversation.item.retrieved', item: item('a1', 'assistant', '하나 둘', 'incomplete') }),
    ]);
    expect(state.messages[1]).toMatchObject({ text: '하나 둘 셋', heardChars: 4, status: 'cut' });
    expect(state.active).toBeNull();
  });

  it('stays cut when its item is done or its response completes afterwards', () => {
    const state = play([...begun, delta('하나 둘'), cut, event({ type: 'conversation.item.done', item: item('a1', 'assistant', '하나 둘') }), done('completed')]);
    expect(state.messages[1]!.status).toBe('cut');
  });

  it('takes the server’s text where ours is not the longer one', () => {
    const state = play([...begun, delta('하나'), event({ type: 'conversation.item.done', item: item('a1', 'assistant', '하나 둘') })]);
    expect(state.messages[1]).toMatchObject({ text: '하나 둘', heardChars: null });
  });
});

describe('what goes wrong', () => {
  it('marks a failed answer, and a message that was refused', () => {
    expect(play([...begun, done('failed')]).messages[1]!.status).toBe('failed');
    const refused = play([begun[0]!, { kind: 'refused', id: 'm1' }]);
    expect(refused).toMatchObject({ awaiting: false, messages: [{ status: 'failed' }] });
  });

  it('a response.done of another response does not end the running one', () => {
    expect(play([...begun, event({ type: 'response.done', response: { id: 'r0', status: 'cancelled' } })]).active).toBe('r1');
  });
});

describe('a conversation told anew', () => {
  it('forgets all but what the server has not seen, and puts items where they belong', () => {
    const state = play([
      ...begun,
      { kind: 'said', id: 'm2', text: '그리고' },
      { kind: 'reset' },
      event({ type: 'conversation.item.added', item: item('m1', 'user', '안녕') }),
      event({ type: 'conversation.item.added', item: item('a1', 'assistant', '반가', 'incomplete'), previous_item_id: 'm1' }),
      event({ type: 'conversation.item.added', item: item('s', 'system', 'be kind') }),
    ]);
    expect(state.active).toBeNull();
    expect(state.messages.map(({ id, status }) => [id, status])).toEqual([
      ['m1', 'done'],
      ['a1', 'cut'],
      ['m2', 'sending'],
    ]);
    const later = play([event({ type: 'conversation.item.added', item: item('m2', 'user', '그리고'), previous_item_id: 'a1' })], state);
    expect(later.messages.map(({ id }) => id), 'the message waiting is answered last and stands last').toEqual(['m1', 'a1', 'm2']);
  });

  it('a response that was missed is no longer waited for when its item is there', () => {
    const state = play([{ kind: 'said', id: 'm1', text: '안녕' }, { kind: 'reset' }, event({ type: 'conversation.item.added', item: item('a1', 'assistant', '네') })]);
    expect(state.awaiting).toBe(false);
  });

  it('deletes', () => {
    expect(play([...begun, event({ type: 'conversation.item.deleted', item_id: 'm1' })]).messages.map(({ id }) => id)).toEqual(['a1']);
  });
});
