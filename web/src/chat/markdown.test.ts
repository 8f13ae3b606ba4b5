import { describe, expect, it } from 'vitest';
import { parseMarkdown, type Block, type Inline, type Leaf } from './markdown.ts';

function leaves(blocks: Block[]): Leaf[] {
  const ofInline = (pieces: Inline[]): Leaf[] =>
    pieces.flatMap((piece) => ('children' in piece ? ofInline(piece.children) : piece.kind === 'break' ? [] : [piece]));
  return blocks.flatMap((block) => {
    if (block.kind === 'list') return block.items.flatMap(leaves);
    if (block.kind === 'quote') return leaves(block.blocks);
    if (block.kind === 'pre') return [block.leaf];
    return block.kind === 'rule' ? [] : ofInline(block.children);
  });
}

const SOURCES = [
  '그냥 말이에요. 또 한 문장.',
  '*고개를 들며* 안녕, **너**구나! ~~아니~~ `코드`도 있어.',
  '첫 줄\n둘째 줄\n\n새 문단',
  '# 제목\n\n- 하나\n- 둘 *강조*\n  - 안쪽\n\n1. 첫째\n2. 둘째',
  '> 인용문\n> 계속\n\n끝',
  '같은 말 같은 말 *같은 말* 같은 말',
  '```js\nlet x = 1;\n```\n뒤',
  '5 \\* 3 < 16 & <b>굵지 않게</b>',
  '[여기](https://example.com/a) 그리고 [저기](javascript:alert(1))',
];

describe('parseMarkdown', () => {
  it.each(SOURCES)('knows where every piece stands: %j', (source) => {
    let last = 0;
    for (const { start, end, text } of leaves(parseMarkdown(source))) {
      expect(start, 'in order').toBeGreaterThanOrEqual(last);
      expect(source.slice(start, end), 'what is shown is what stands there').toBe(text);
      last = end;
    }
    expect(last, 'there was something').toBeGreaterThan(0);
  });

  it('reads what roleplay is made of', () => {
    const [paragraph] = parseMarkdown('*웃으며* 안녕');
    expect(paragraph).toMatchObject({
      kind: 'paragraph',
      children: [{ kind: 'em', children: [{ text: '웃으며', start: 1, end: 4 }] }, { kind: 'text', text: ' 안녕' }],
    });
  });

  it('makes a link only to the web, and text of HTML', () => {
    const flat = JSON.stringify(parseMarkdown('[a](javascript:alert(1)) [b](https://b.example) <img src=x onerror=alert(1)>'));
    expect(flat.match(/"kind":"link"/g), 'one of the two').toHaveLength(1);
    expect(flat, 'as it was written').toContain('[a](javascript:alert(1))');
    expect(flat).toContain('<img src=x onerror=alert(1)>');
  });

  it('does not lose what is half written', () => {
    for (let i = 1; i <= SOURCES[3]!.length; i++) {
      const source = SOURCES[3]!.slice(0, i);
      expect(() => parseMarkdown(source)).not.toThrow();
    }
  });
});
