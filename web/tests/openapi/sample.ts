// A program that talks to the server by types generated from its description. The test compiles it against these.
import type { components, paths } from './api.ts';

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Answer<P extends keyof paths, M extends 'get' | 'post'> = paths[P][M] extends { responses: { 200: infer R } } ? Json<R> : never;
type Body<P extends keyof paths> = paths[P]['post'] extends { requestBody: infer R } ? Json<R> : never;

export async function ask(base: string): Promise<string> {
  const health = (await (await fetch(`${base}/api/health`)).json()) as Answer<'/api/health', 'get'>;
  const state: 'healthy' | 'degraded' | 'unhealthy' | 'disabled' = health.data.llm;

  const models = (await (await fetch(`${base}/api/chat/models`)).json()) as Answer<'/api/chat/models', 'get'>;
  const first: string | undefined = models.data.models[0]?.name;

  const made: Body<'/api/characters'> = { name: '나만의 캐릭터', likes: ['음악'] };
  const response = await fetch(`${base}/api/characters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(made),
  });
  if (!response.ok) {
    const problem = (await response.json()) as components['schemas']['Problem'];
    throw new Error(`${problem.code}: ${problem.detail}`);
  }
  const character = (await response.json()) as Answer<'/api/characters', 'post'>;
  const voice: string = character.data.voice_id;
  return [state, first, voice].join(' ');
}

export function say(text: string): components['schemas']['RealtimeClientEvent'][] {
  return [
    { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } },
    { type: 'response.create', response: { output_modalities: ['text'], max_output_tokens: 'inf' } },
  ];
}

export function heard(event: components['schemas']['RealtimeServerEvent']): string {
  switch (event.type) {
    case 'response.output_audio_transcript.delta':
      return event.delta;
    case 'avatarforge.sentence':
      return `${event.segment}: ${event.text}`;
    case 'response.done':
      return `${event.response.status}, ${event.response.usage?.output_tokens ?? 'unknown'} tokens`;
    case 'error':
      return event.error.message;
    default:
      return '';
  }
}
