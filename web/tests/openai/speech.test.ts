/** A stock OpenAI client has texts spoken by the real binary. */
import OpenAI, { BadRequestError, InternalServerError } from 'openai';
import { describe, expect, inject, it } from 'vitest';
import { url } from '../server.ts';

const TEXT = '안녕하세요, 반갑습니다. 오늘은 날씨가 참 좋네요. 같이 걸을까요?';

describe.skipIf(inject('fake'))('the openai package', () => {
  // A failure is to be seen as it is.
  const client = new OpenAI({ apiKey: 'sk-not-ours', baseURL: `${url}/v1`, maxRetries: 0 });

  it('gets WAV, in pieces as it is synthesised', async () => {
    const response = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: TEXT, response_format: 'wav' });
    expect(response.headers.get('content-type')).toBe('audio/wav');
    const pieces: Buffer[] = [];
    // The DOM's types do not know that a stream can be iterated over.
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece));
    const file = Buffer.concat(pieces);
    expect(pieces.length, 'it did not come at once').toBeGreaterThan(1);
    expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 12)).toBe('RIFFWAVE');
    expect(file.readUInt32LE(24), 'the rate').toBe(24_000);
    expect((file.length - 44) / 2 / 24_000, 'seconds of speech').toBeGreaterThan(3);
    const samples = new Int16Array(file.buffer.slice(file.byteOffset + 44, file.byteOffset + file.length - (file.length % 2)));
    expect(samples.reduce((most, v) => Math.max(most, Math.abs(v)), 0), 'it is not silence').toBeGreaterThan(1000);
  });

  it('gets WAV where it asks for nothing, and knows the same speech again', async () => {
    const bytes = async () => {
      const response = await client.audio.speech.create({ model: 'tts-1', voice: 'nova', input: '한 번 더 말해 주세요.' });
      expect(response.headers.get('content-type')).toBe('audio/wav');
      return Buffer.from(await response.arrayBuffer());
    };
    const first = await bytes();
    const second = await bytes();
    expect(second.subarray(44).equals(first.subarray(44)), 'the same sound').toBe(true);
    expect(second.readUInt32LE(40), 'whose size is known by then').toBe(second.length - 44);
  });

  it('gets samples, faster and slower', async () => {
    const seconds = async (speed: number) => {
      const response = await client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'default', input: TEXT, response_format: 'pcm', speed });
      return (await response.arrayBuffer()).byteLength / 2 / 24_000;
    };
    const [fast, slow] = [await seconds(1.5), await seconds(0.75)];
    expect(slow / fast).toBeGreaterThan(1.5);
  });

  it('gets AAC and Ogg where they can be had, and else is told why not', async () => {
    for (const [format, begins] of [['aac', Buffer.from([0xff, 0xf1])], ['opus', Buffer.from('OggS')]] as const) {
      try {
        const response = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: TEXT, response_format: format });
        const file = Buffer.from(await response.arrayBuffer());
        expect(file.subarray(0, begins.length).equals(begins), format).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(InternalServerError);
        expect(error).toMatchObject({ status: 502, type: 'server_error', code: 'upstream_failed' });
        expect((error as Error).message).toContain('wav');
      }
    }
  });

  it('is told of its mistakes', async () => {
    const mp3 = client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: TEXT, response_format: 'mp3' });
    await expect(mp3).rejects.toBeInstanceOf(BadRequestError);
    await expect(mp3).rejects.toMatchObject({ status: 400, type: 'invalid_request_error', param: 'response_format' });
    await expect(mp3).rejects.toThrow(/wav, pcm, opus or aac/);
    const nobody = client.audio.speech.create({ model: 'tts-1', voice: 'nobody', input: TEXT, response_format: 'wav' });
    await expect(nobody).rejects.toMatchObject({ status: 400, param: 'voice' });
    const nothing = client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: '🎉', response_format: 'wav' });
    await expect(nothing).rejects.toMatchObject({ status: 400, param: 'input' });
  });
});
