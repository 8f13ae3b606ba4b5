/**
 * Bytes to values, with no state: the number in an `event_id`, the header of a binary frame, base64 audio.
 */

/** Length of the binary header in bytes: version u8, kind u8, flags u16, event u32, segment u32; big-endian. */
export const HEADER_BYTES = 12;

const VERSION = 1;
const KIND_AUDIO = 1;
const FLAG_LAST = 1;

export interface AudioFrame {
  /** The frame's number in its session. */
  event: number;
  segment: number;
  /** Whether the segment ends with this frame. */
  last: boolean;
  pcm: Int16Array<ArrayBuffer>;
}

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Parses a binary frame. Throws {@link FrameError} for a version or kind that this client does not know, or a torn sample. */
export function parseAudioFrame(data: ArrayBuffer): AudioFrame {
  if (data.byteLength < HEADER_BYTES) {
    throw new FrameError(`binary frame of ${data.byteLength} bytes, shorter than its header`);
  }
  const view = new DataView(data);
  const version = view.getUint8(0);
  const kind = view.getUint8(1);
  if (version !== VERSION || kind !== KIND_AUDIO) {
    throw new FrameError(`binary frame of version ${version}, kind ${kind}`);
  }
  return {
    last: (view.getUint16(2) & FLAG_LAST) !== 0,
    event: view.getUint32(4),
    segment: view.getUint32(8),
    pcm: pcm16(data, HEADER_BYTES),
  };
}

/** Decodes base64 PCM16, as `response.output_audio.delta` carries it. */
export function decodeBase64Pcm(base64: string): Int16Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return pcm16(bytes.buffer, 0);
}

/** The N of `event_N`, or null when there is none. */
export function eventNumber(eventId: unknown): number | null {
  if (typeof eventId !== 'string') return null;
  const match = /^event_([0-9]{1,10})$/.exec(eventId);
  return match ? Number(match[1]) : null;
}

function pcm16(data: ArrayBuffer, offset: number): Int16Array<ArrayBuffer> {
  const bytes = data.byteLength - offset;
  if (bytes % 2 !== 0) throw new FrameError(`audio of ${bytes} bytes ends inside a sample`);
  // A copy: the message's buffer would keep the header alive, and the player hands these on by transfer.
  const pcm = new Int16Array(data.slice(offset));
  if (!littleEndian) swapBytes(pcm);
  return pcm;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function swapBytes(pcm: Int16Array) {
  for (let i = 0; i < pcm.length; i++) {
    const sample = pcm[i]!;
    pcm[i] = ((sample & 0xff) << 8) | ((sample >> 8) & 0xff);
  }
}
