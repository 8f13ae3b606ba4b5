/** A stock OpenAI Realtime client, which knows nothing of our extensions, holds a conversation. */
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

type Type = RealtimeServerEvent['type'];
type Event<T extends Type> = Extract<RealtimeServerEvent, { type: T }>;

/** What Realtime itself knows; the rest is ours, and begins with `avatarforge.`. */
const OURS = /^avatarforge\./;

class Stock {
  readonly events: RealtimeServerEvent[] = [];
  private readonly rt: OpenAIRealtimeWS;
  private readonly waiting = new Set<() => void>();
  private broken: Error | null = null;

  constructor(url: string) {
    const client = new OpenAI({ apiKey: 'sk-not-ours', baseURL: `${url}/v1` });
    // The certificate is self-signed: what is tested here is the protocol.
    this.rt = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { rejectUnauthorized: false } }, client);
    this.rt.on('event', (event) => {
      this.events.push(event);
      for (const check of this.waiting) check();
    });
    this.rt.on('error', (error) => {
      // Errors that the server sends come as events too; others end the conversation.
      if (error.error === undefined) this.broken = error;
      for (const check of this.waiting) check();
    });
  }

  send(event: RealtimeClientEvent) {
    this.rt.send(event);
  }

  say(text: string) {
    this.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
  }

  all<T extends Type>(type: T): Event<T>[] {
    return this.events.filter((event): event is Event<T> => event.type === type);
  }

  /** Waits for the n-th event of a type. */
  until<T extends Type>(type: T, n = 1): Promise<Event<T>> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`no ${type} in a minute; there were ${[...new Set(this.events.map(({ type }) => type))].join(', ')}`));
      }, 60_000);
      const check = () => {
        const found = this.all(type)[n - 1];
        if (!found && !this.broken) return;
        clearTimeout(deadline);
        this.waiting.delete(check);
        if (found) resolve(found);
        else reject(this.broken!);
      };
      this.waiting.add(check);
      check();
    });
  }

  close() {
    this.rt.close();
  }
}

const bytesOf = (deltas: { delta: string }[]) => deltas.reduce((sum, { delta }) => sum + Buffer.from(delta, 'base64').length, 0);

describe.runIf(inject('tlsUrl'))('the openai package', () => {
  let stock: Stock;
  beforeEach(async () => {
    stock = new Stock(inject('tlsUrl'));
    await stock.until('session.created');
  });
  afterEach(() => stock.close());

  it('holds a conversation in text', async () => {
    stock.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    const updated = await stock.until('session.updated');
    expect(updated.session).toMatchObject({ type: 'realtime', output_modalities: ['text'] });
    stock.say('Hello, who are you?');
    stock.send({ type: 'response.create' });
    const done = await stock.until('response.done');

    expect(done.response.status).toBe('completed');
    const text = stock.all('response.output_text.delta').map(({ delta }) => delta).join('');
    expect(text.length, 'it answered').toBeGreaterThan(10);
    expect(stock.all('response.output_text.done')[0]?.text, 'the deltas are the text').toBe(text);
    expect(stock.all('response.output_audio.delta'), 'without a sound').toEqual([]);
    expect(done.response.output?.[0]).toMatchObject({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });
    expect(done.response.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('holds a conversation in speech, and then goes on', async () => {
    stock.say('안녕하세요');
    stock.send({ type: 'response.create' });
    const done = await stock.until('response.done');
    expect(done.response.status).toBe('completed');
    const transcript = stock.all('response.output_audio_transcript.delta').map(({ delta }) => delta).join('');
    expect(transcript.length).toBeGreaterThan(5);
    const bytes = bytesOf(stock.all('response.output_audio.delta'));
    expect(bytes % 2, 'whole samples').toBe(0);
    expect(bytes / 2 / 24_000, 'seconds of speech').toBeGreaterThan(1);

    const order = stock.events.map(({ type }) => type).filter((type) => !OURS.test(type));
    const once: Type[] = [
      'response.created',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_audio.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.done',
    ];
    expect(order.filter((type) => once.includes(type)), 'each in its place').toEqual(once);
    expect(order.lastIndexOf('response.output_audio.delta'), 'no sound after its end').toBeLessThan(order.indexOf('response.output_audio.done'));
    expect(order.indexOf('response.output_audio.delta'), 'sound before the text was complete').toBeLessThan(
      order.lastIndexOf('response.output_audio_transcript.delta'),
    );

    stock.say('하나 더 물어볼게요');
    stock.send({ type: 'response.create' });
    const second = await stock.until('response.done', 2);
    expect(second.response.status).toBe('completed');
    expect(second.response.id, 'another response').not.toBe(done.response.id);
  });

  it('cancels: the response ends once, and no sound follows', async () => {
    stock.say('긴 이야기를 해 주세요. A long story, please.');
    stock.send({ type: 'response.create' });
    await stock.until('response.output_audio.delta');
    stock.send({ type: 'response.cancel' });
    const done = await stock.until('response.done');
    expect(done.response).toMatchObject({ status: 'cancelled', status_details: { type: 'cancelled', reason: 'client_cancelled' } });

    // Whatever still came would come before the answer to this.
    stock.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    await stock.until('session.updated');
    const after = stock.events.slice(stock.events.indexOf(done) + 1).map(({ type }) => type);
    expect(after.filter((type) => type.startsWith('response.'))).toEqual([]);
  });

  it('truncates to what was heard', async () => {
    stock.say('안녕하세요. 자기소개를 해 주세요.');
    stock.send({ type: 'response.create' });
    const added = await stock.until('response.output_item.added');
    const itemId = added.item.id!;
    await stock.until('response.done');
    const whole = stock.all('response.output_audio_transcript.delta').map(({ delta }) => delta).join('');
    // Half of the speech: some of the words, whatever the answer is.
    const half = Math.round((bytesOf(stock.all('response.output_audio.delta')) * 1000) / 2 / 24_000 / 2);
    stock.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: half });
    const truncated = await stock.until('conversation.item.truncated');
    expect(truncated).toMatchObject({ item_id: itemId, content_index: 0, audio_end_ms: half });

    stock.send({ type: 'conversation.item.retrieve', item_id: itemId });
    const retrieved = await stock.until('conversation.item.retrieved' as Type);
    const item = (retrieved as unknown as { item: { content: { transcript?: string; text?: string }[] } }).item;
    const kept = item.content.map(({ transcript, text }) => transcript ?? text ?? '').join('');
    expect(whole.startsWith(kept.trimEnd()), 'the beginning of what was said').toBe(true);
    expect(kept.length, 'something was heard').toBeGreaterThan(0);
    expect(kept.length, 'but not all').toBeLessThan(whole.length);
  });

  it('is told of a mistake, by the id of its event, and may go on', async () => {
    stock.send({ type: 'conversation.item.retrieve', event_id: 'mine', item_id: 'nothing' });
    const error = await stock.until('error');
    expect(error.error.event_id).toBe('mine');
    stock.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    await stock.until('session.updated');
  });
});
