// Package reading spells out what a synthesiser's front end cannot read: digits,
// dates, times, amounts, units, symbols and acronyms become words, in Korean,
// Japanese or English.
//
// Each reader copies runes from src to dst, in order and in one pass, and replaces
// what it knows. The text has been through the clean-up of package tts before:
// full-width forms, exotic digits and ligatures are folded to ASCII, markup is gone.
// Punctuation that is not part of a number is copied; tidying it is the caller's.
//
// Readers are pure and may run at once. What they append is bounded by a constant
// factor of len(src).
package reading
