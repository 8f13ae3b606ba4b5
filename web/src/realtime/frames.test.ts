import { describe, expect, it } from 'vitest';
import { audioFrame } from '../testing.ts';
import { decodeBase64Pcm, eventNumber, FrameError, parseAudioFrame } from './frames.ts';

describe('parseAudioFrame', () => {
  it('reads the header big-endian and the samples little-endian', () => {
    const bytes = Uint8Array.from([1, 1, 0, 1, 0, 0, 1, 2, 0, 0, 0, 7, 0x34, 0x12, 0xff, 0xff]);
    const frame = parseAudioFrame(bytes.buffer);
    expect(frame).toEqual({ event: 0x102, segment: 7, last: true, pcm: Int16Array.from([0x1234, -1]) });
  });

  it('takes only bit 0 for the end of a segment: the others may mean something one day', () => {
    const data = audioFrame(5, 2, [1], false);
    new DataView(data).setUint16(2, 0xfffe);
    expect(parseAudioFrame(data).last).toBe(false);
  });

  it('takes a frame with no samples, which only says that a segment ends', () => {
    expect(parseAudioFrame(audioFrame(5, 2, [], true))).toMatchObject({ last: true, pcm: new Int16Array(0) });
  });

  it.each([
    ['shorter than a header', new ArrayBuffer(11)],
    ['of an unknown version', Uint8Array.from([2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]).buffer],
    ['of an unknown kind', Uint8Array.from([1, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]).buffer],
    ['that ends inside a sample', Uint8Array.from([1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5]).buffer],
  ])('refuses a frame %s', (_, data) => {
    expect(() => parseAudioFrame(data)).toThrow(FrameError);
  });
});

describe('decodeBase64Pcm', () => {
  it('gives the samples that the binary frame would hold', () => {
    expect(decodeBase64Pcm('NBL//w==')).toEqual(Int16Array.from([0x1234, -1]));
  });
});

describe('eventNumber', () => {
  it.each([
    ['event_1', 1],
    ['event_4294967295', 4294967295],
    ['event_', null],
    ['event_1x', null],
    ['evt_1', null],
    [undefined, null],
  ])('%s → %s', (id, number) => {
    expect(eventNumber(id)).toBe(number);
  });
});
