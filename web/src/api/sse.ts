export interface ServerSentEvent {
  name: string;
  data: string;
}

/** Takes text as it comes and gives the events that are whole. Comments, the server's pulse, are passed over. Pure but for its rest. */
export class EventParser {
  private rest = '';

  push(text: string): ServerSentEvent[] {
    const lines = (this.rest + text).replaceAll('\r\n', '\n').split('\n\n');
    this.rest = lines.pop()!;
    return lines.map(parse).filter((event) => event !== null);
  }
}

function parse(block: string): ServerSentEvent | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length > 0 ? { name, data: data.join('\n') } : null;
}

/** The events of a response, as they come. */
export async function* events(response: Response): AsyncGenerator<ServerSentEvent> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
