import type { ClientEvent, ServerEvent } from './events.ts';

/** A client event that must take effect exactly once, whatever happens to the connection. */
export type Request = Exclude<ClientEvent, { type: 'avatarforge.playback' }> & { event_id: string };

interface Pending {
  request: Request;
  sent: boolean;
  /** For a response.create: the message that it is to answer. */
  message: string | null;
  /** That message has come up in the conversation that is being told anew. */
  messageSeen: boolean;
}

/**
 * The client events that the server has not answered yet, in the order in which they were made.
 *
 * A connection can break with events in flight, and nothing tells which of them arrived. Each kind of event has an answer that
 * settles it, and answers are frames of the session, replayed on resuming. So once a replay is known to be over, what is still
 * unsettled never arrived and is sent again: nothing lost, nothing twice.
 */
export class Outbox {
  private pending: Pending[] = [];
  private lastMessage: string | null = null;

  get size(): number {
    return this.pending.length;
  }

  add(request: Request) {
    if (request.type === 'conversation.item.create') this.lastMessage = request.item.id;
    this.pending.push({ request, sent: false, message: this.lastMessage, messageSeen: false });
  }

  /** Puts an event before all others. */
  addFirst(request: Request) {
    this.pending.unshift({ request, sent: false, message: null, messageSeen: false });
  }

  /** The events not yet sent on this connection, marked as sent by the call. */
  take(): Request[] {
    const out: Request[] = [];
    for (const entry of this.pending) {
      if (entry.sent) continue;
      entry.sent = true;
      out.push(entry.request);
    }
    return out;
  }

  /** The connection is gone, and what was sent on it and is unsettled by the end of the replay did not arrive. */
  unsend() {
    for (const entry of this.pending) entry.sent = false;
  }

  /** Forgets what was sent on this connection: one of these frames made the server close it. */
  dropSent(): Request[] {
    const dropped = this.pending.filter((entry) => entry.sent).map((entry) => entry.request);
    this.pending = this.pending.filter((entry) => !entry.sent);
    return dropped;
  }

  /** The session is another one: what referred to the old one's items has lost its meaning; what the user said has not. */
  forgetSession() {
    this.pending = this.pending.filter(
      ({ request }) => request.type === 'conversation.item.create' || request.type === 'response.create',
    );
    for (const { request } of this.pending) {
      if (request.type === 'conversation.item.create') delete request.previous_item_id;
    }
  }

  /**
   * Takes note of a frame. Returns the request that it answers, if any.
   * @param rebuilding the frame belongs to a conversation being told anew, where an assistant's item is the only sign of the
   * response that made it
   */
  settle(event: ServerEvent, rebuilding = false): Request | undefined {
    const index = this.pending.findIndex(
      (entry) => answers(event, entry.request) || (rebuilding && isAnswered(event, entry)),
    );
    if (rebuilding && event.type === 'conversation.item.added') {
      for (const entry of this.pending) entry.messageSeen ||= entry.message === event.item.id;
    }
    return index < 0 ? undefined : this.pending.splice(index, 1)[0]!.request;
  }
}

/** Whether an item told anew is the response to the message that a response was asked for. */
function isAnswered(event: ServerEvent, { request, messageSeen }: Pending): boolean {
  return (
    request.type === 'response.create' &&
    messageSeen &&
    event.type === 'conversation.item.added' &&
    event.item.role === 'assistant'
  );
}

function answers(event: ServerEvent, request: Request): boolean {
  if (event.type === 'error') return event.error.event_id === request.event_id;
  switch (request.type) {
    case 'session.update':
      return event.type === 'session.updated';
    case 'conversation.item.create':
      return event.type === 'conversation.item.added' && event.item.id === request.item.id;
    case 'conversation.item.retrieve':
      return event.type === 'conversation.item.retrieved' && event.item.id === request.item_id;
    case 'conversation.item.delete':
      return event.type === 'conversation.item.deleted' && event.item_id === request.item_id;
    case 'conversation.item.truncate':
      return event.type === 'conversation.item.truncated' && event.item_id === request.item_id;
    case 'response.create':
      return event.type === 'response.created';
    case 'response.cancel':
      return (
        event.type === 'response.done' && (request.response_id === undefined || event.response.id === request.response_id)
      );
    case 'avatarforge.speak':
      return event.type === 'avatarforge.sentence' && event.item_id === request.item_id;
  }
}
