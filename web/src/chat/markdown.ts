import { lexer, type Token, type Tokens } from 'marked';

/** A piece of text, and where in the source it stands. */
export interface Leaf {
  kind: 'text' | 'code';
  start: number;
  end: number;
  /** As shown. Of the source's length where the two agree character by character. */
  text: string;
}

export interface Break {
  kind: 'break';
}

export interface Span {
  kind: 'strong' | 'em' | 'del' | 'link';
  href?: string;
  children: Inline[];
}

export type Inline = Leaf | Break | Span;

export type Block =
  | { kind: 'paragraph' | 'heading'; children: Inline[] }
  | { kind: 'pre'; leaf: Leaf }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'rule' };

/**
 * Reads markdown as far as a chat needs it, with every piece's place in the source: what is spoken is known by that. HTML in it
 * is text like any other, and a link is one only where it leads to the web. Pure.
 */
export function parseMarkdown(source: string): Block[] {
  return blocksOf(lexer(source, { gfm: true, breaks: true }), new Place(source, 0, source.length));
}

/** Where in the source the next token is looked for. Nested text may have lost indents, so a token is found, not counted. */
class Place {
  readonly source: string;
  at: number;
  private readonly end: number;

  constructor(source: string, at: number, end: number) {
    this.source = source;
    this.at = at;
    this.end = end;
  }

  /** Takes a token's source, and returns the place inside of it. */
  take(raw: string): Place {
    const start = this.source.indexOf(raw, this.at);
    // Without its marks at the beginnings of lines it is not found whole, but its pieces are.
    if (start < 0 || start + raw.length > this.end) return this;
    this.at = start + raw.length;
    return new Place(this.source, start, this.at);
  }

  leaf(kind: Leaf['kind'], text: string): Leaf {
    // A mark around the text is not shown: the text stands within.
    const inner = this.source.indexOf(text, this.at);
    const start = inner < 0 || inner + text.length > this.end ? this.at : inner;
    this.at = start === inner ? inner + text.length : this.end;
    return { kind, start, end: this.at, text };
  }
}

function blocksOf(tokens: Token[], place: Place): Block[] {
  const blocks: Block[] = [];
  for (const token of tokens) {
    const inside = place.take(token.raw);
    switch (token.type) {
      case 'space':
      case 'def':
        break;
      case 'heading':
        blocks.push({ kind: 'heading', children: inlineOf(token.tokens ?? [], inside) });
        break;
      case 'code':
        blocks.push({ kind: 'pre', leaf: inside.leaf('code', (token as Tokens.Code).text) });
        break;
      case 'blockquote':
        blocks.push({ kind: 'quote', blocks: blocksOf(token.tokens ?? [], inside) });
        break;
      case 'list': {
        const { ordered, start, items } = token as Tokens.List;
        const content = items.map((item) => blocksOf(item.tokens, inside.take(item.raw)));
        blocks.push({ kind: 'list', ordered, start: typeof start === 'number' ? start : 1, items: content });
        break;
      }
      case 'hr':
        blocks.push({ kind: 'rule' });
        break;
      case 'paragraph':
      case 'text':
        blocks.push({ kind: 'paragraph', children: inlineOf(token.tokens ?? [token], inside) });
        break;
      default:
        // A table, HTML: as it was written.
        blocks.push({ kind: 'paragraph', children: [inside.leaf('text', token.raw.trimEnd())] });
    }
  }
  return blocks;
}

function inlineOf(tokens: Token[], place: Place): Inline[] {
  const pieces: Inline[] = [];
  for (const token of tokens) {
    const inside = place.take(token.raw);
    switch (token.type) {
      case 'strong':
      case 'em':
      case 'del':
        pieces.push({ kind: token.type, children: inlineOf(token.tokens ?? [], inside) });
        break;
      case 'link': {
        const { href } = token as Tokens.Link;
        if (/^https?:\/\//i.test(href)) pieces.push({ kind: 'link', href, children: inlineOf(token.tokens ?? [], inside) });
        else pieces.push(inside.leaf('text', token.raw));
        break;
      }
      case 'br':
        pieces.push({ kind: 'break' });
        break;
      case 'codespan':
        pieces.push(inside.leaf('code', (token as Tokens.Codespan).text));
        break;
      case 'escape':
        pieces.push(inside.leaf('text', (token as Tokens.Escape).text));
        break;
      default:
        pieces.push(inside.leaf('text', token.raw));
    }
  }
  return pieces;
}
