// Package sentence cuts streamed text into sentences, so that speech can be made of
// the first one while the model still writes the second.
//
// A [Splitter] is fed token by token and hands out pieces. The pieces joined are the
// text, to the byte, whatever the text and wherever the tokens break. It is pure: no
// goroutine, no clock, no I/O. It reads each rune once and looks a bounded way ahead
// and back, so that it is linear in the text, and it allocates nothing for a token
// that ends nothing.
//
// # What ends a sentence
//
// A run of terminators (. ! ? … 。 ！ ？ ~ ～ and their kin), a line's end, and an emoji or
// laughter (ㅋㅋ ㅎㅎ ㅠㅠ ^^) with white space behind it. The closing quotation marks,
// brackets and Markdown marks that follow directly belong to the sentence; white space
// goes to the front of the next piece, since waiting for it would cost a token. What
// turns out to have nothing to speak (an emoji, a rule, "..." by itself) is the front
// of the next piece too, and a piece of its own only if the text ends there.
//
// # What does not
//
// Full stops in numbers, dates, list marks, ordinals, abbreviations, initials, URLs,
// addresses and file names; tildes of ranges; an ellipsis behind a word that begins a
// thought or, in scripts with capitals, before a small letter; a quotation that the
// sentence goes on behind; whatever is inside brackets, inside a pair of asterisks (a
// stage direction), inside code, or quoted in the middle of a sentence. Speech that
// begins a sentence, or follows a colon, has ends of its own. A mark that stays open
// for long, or over a line's end, is taken as forgotten. A code fence is one piece.
//
// # What waits, and for how long
//
// A piece is handed out by the very Push that brings its terminator unless the text
// leaves open whether it is the end:
//
//   - a full stop behind a digit, an abbreviation or what may be a name's first half
//     waits for the next rune, or the next word;
//   - an ellipsis, and a run of several terminators, waits for the rune behind it;
//   - inside an open quotation a terminator waits for the closing mark, and behind that
//     for the word which may take the quotation up;
//   - a tilde and an emoji wait for white space;
//   - a lone . ! or ? waits for a second one if a run is likely: see below.
//
// [Splitter.Pause] settles what is likely enough: the caller tells of 80 ms without a
// token, for which it needs a timer only while [Splitter.Held] says so. A pause is
// weak evidence, as a model below 12 tokens per second pauses behind every token.
// It therefore never makes an end of what more often is none (3. Dr. U.S. example.), nor
// of a quotation that has just been closed.
//
// Whether a lone terminator may be the first of a run is judged by the words before it
// (endings that close a Korean, Japanese or Chinese sentence; hesitation; cries) and
// by the feed. Tokenisers of language models write "..." or "?!" as one token, so if
// the tokens look like a model's, a lone "." is the end. In a feed that breaks anywhere
// only what is plainly a whole sentence is let go.
//
// # Tokens and cuts
//
// The cuts of a text do not depend on its tokens, as long as none ends between a rune
// that can be part of a run and one directly behind it that is no white space. Where one
// does, the splitter may have let go the front of a run; the rest is then the front of
// the next piece.
//
// # Text without an end
//
// Beyond 80 syllables a piece is cut at a clause boundary (a comma, a dash, a Korean
// connective before a space, an ellipsis), beyond 120 at a space, else between grapheme
// clusters; text without syllables at 600 runes. With FirstClause the first fragment
// also ends at a clause boundary behind six syllables or more.
package sentence
