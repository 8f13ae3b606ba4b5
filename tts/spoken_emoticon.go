package tts

import "strings"

// emoticons are faces typed in plain characters, by their first one, longest first.
var emoticons = indexEmoticons(`:-) :) :-( :( :D :-D :'( :') :P :p :-P :O :o :3 :* ;) ;-) ;; ;;; =) =D ^^ ^^; ^_^ ^-^ ^o^ ^.^ ^^;; ^0^ >_< >.< ><
	-_- -.- -_-;; -_-; T_T T.T ToT TT Q_Q QwQ o_o O_O O.O o.o @_@ <3 </3 xD XD orz OTL \o/ ㅡㅡ ㅡ.ㅡ ㅡ_ㅡ ㅇㅅㅇ ㅇㅁㅇ ㅇ_ㅇ ㅠ.ㅠ ㅠ_ㅠ ㅜ.ㅜ ㅜ_ㅜ ㅎ_ㅎ`)

func indexEmoticons(list string) map[rune][][]rune {
	index := make(map[rune][][]rune)
	for _, w := range strings.Fields(list) {
		e := []rune(w)
		at := index[e[0]]
		i := 0
		for i < len(at) && len(at[i]) >= len(e) {
			i++
		}
		at = append(at, nil)
		copy(at[i+1:], at[i:])
		at[i] = e
		index[e[0]] = at
	}
	return index
}

// emoticon returns the length of the face at m.i, or 0. One that begins or ends in a
// letter or digit has to stand free there.
func (m *markup) emoticon(first rune) int {
	switch first {
	case ':', ';', '=', '^', '>', '-', '<', 'T', 'Q', 'o', 'O', '@', 'x', 'X', '\\', 'ㅡ', 'ㅇ', 'ㅠ', 'ㅜ', 'ㅎ':
	default:
		return 0
	}
	free := func(r rune) bool { return !isLatin(r) && !isDigit(r) }
	if !free(m.at(m.i-1)) && (isLatin(first) || first == '-' || first == '=' || first == '<' || first == '>' || isDigit(m.at(m.i-1))) {
		return 0
	}
next:
	for _, e := range emoticons[first] {
		for k, r := range e {
			if m.at(m.i+k) != r {
				continue next
			}
		}
		after := m.at(m.i + len(e))
		if last := e[len(e)-1]; (isLatin(last) || isDigit(last)) && !free(after) || first == '-' && isLatin(after) {
			continue
		}
		return len(e)
	}
	return 0
}
