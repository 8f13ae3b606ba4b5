import type { RoomState } from '../chat/room.ts';

/** A conversation as text: who said what, as it was heard. */
export function transcriptText({ conversation }: Pick<RoomState, 'conversation'>, name: string, you: string): string {
  const said = conversation.messages.map(({ role, text, heardChars }) => {
    const heard = heardChars === null ? text : `${text.slice(0, heardChars).trimEnd()}…`;
    return `**${role === 'user' ? you : name}**\n\n${heard.trim()}\n`;
  });
  return `# ${name}\n\n${said.join('\n')}`;
}

/** The same as data. */
export function transcriptData({ conversation, character }: Pick<RoomState, 'conversation' | 'character'>): string {
  const messages = conversation.messages.map(({ id, role, text, status, heardChars }) => ({
    id,
    role,
    content: text,
    status,
    ...(heardChars === null ? {} : { heard: text.slice(0, heardChars) }),
  }));
  const scenario = conversation.session?.avatarforge?.scenario ?? null;
  return JSON.stringify({ session_id: conversation.session?.id ?? null, character_id: character?.id ?? null, scenario, messages }, null, 2);
}

/** Hands a conversation to the browser as a file. */
export function saveTranscript(state: RoomState, name: string, you: string, kind: 'md' | 'json') {
  const [text, type] = kind === 'md' ? [transcriptText(state, name, you), 'text/markdown'] : [transcriptData(state), 'application/json'];
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replaceAll(/[\\/:*?"<>|]/g, '_')}.${kind}`;
  link.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
