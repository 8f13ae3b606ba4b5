package sentence

import "strings"

// ending is how likely a sentence is to be over behind a word.
type ending uint8

const (
	weak   ending = iota // a particle, a connective, a word to think by: it goes on
	noun                 // says nothing
	final                // a sentence-final ending
	polite               // one that nothing else looks like
)

// hesitations are the Korean words that, alone before an ellipsis, begin a thought.
var hesitations = wordSet(`음 으음 어 어어 아 아아 오 저 저기 저기요 저어 그 그게 그건 그거 이건 그러니까 그니까 뭐 뭐랄까 글쎄 글쎄요
	있잖아 있잖아요 사실 사실은 솔직히 아니 아니요 아뇨 근데 그런데 하지만 그래도 그래서 그리고 그러면 그럼 그러나 혹시 혹시나 아마 아마도 그냥 만약
	왠지 흠 흐음 에 에이 응 네 예 나 난 나는 저는 전 너 넌 우리 오늘 이제 역시 설마 어쩌면 정말 진짜 잠깐 잠시만 제발 자 하 하아 후 휴`)

// weakWords end in what elsewhere is a final ending.
var weakWords = []string{
	"까지", "위해", "인해", "통해", "대해", "향해", "의해", "해야", "어야", "아야", "여야", "라야", "제야", "아니라", "이라", "그러나", "언제나",
	"누구나", "혹시나", "역시나", "엄마", "설마", "아마", "언니", "머니", "그러니", "여자", "남자", "혼자", "각자", "의자", "모자",
	"아버지", "강아지", "하나", "너네", "동네", "나라", "노래", "미래", "이야", "바다", "보다", "마다", "하여",
}

// finalWords are said alone.
var finalWords = []string{"안녕", "미안", "대박", "최고", "거든", "물론", "고마워", "천만에"}

const (
	// finals end a sentence whatever is before them, unless weakWords says otherwise.
	finals = "다까지네군나야어아해돼봐줘워려셔져쳐켜펴혀겨여쪄둬놔써꺼자라래걸니냐렴마께죵넹"
	// weaks bind their word to what follows.
	weaks = "은는을를의이가고서면며데만에로도와과랑게"
)

const (
	codaN  = 4
	codaR  = 8
	codaB  = 17
	codaBS = 18
	codaSS = 20
)

// coda is the index of a syllable's final consonant; 0 is none.
func coda(r rune) int {
	if !isSyllable(r) {
		return 0
	}
	return int(r-0xAC00) % 28
}

// koreanEnding judges the word that text ends in.
func koreanEnding(text []byte) ending {
	text = trimTail(text)
	word := string(lastWord(text))
	if hesitations[word] && len(word) == len(trimHead(text)) {
		return weak
	}
	last, rest := lastRune(text)
	before, _ := lastRune(rest)
	switch last {
	case '요', '죠', '쇼':
		return polite
	case '다':
		if before == '니' {
			return polite
		}
	case '까':
		if before == '니' {
			beforeThat, _ := lastRune(rest[:len(rest)-len("니")])
			if coda(beforeThat) == codaB {
				return polite
			}
			return weak
		}
	case '오':
		if before == '시' {
			return polite
		}
	case '가':
		if coda(before) == codaN {
			return final
		}
	case '게':
		if coda(before) == codaR {
			return final
		}
	case '대':
		if c := coda(before); c == codaN || c == codaSS {
			return final
		}
	case '음':
		if c := coda(before); c == codaSS || c == codaBS {
			return final
		}
	}
	for _, w := range weakWords {
		if strings.HasSuffix(word, w) {
			return weak
		}
	}
	for _, w := range finalWords {
		if strings.HasSuffix(word, w) {
			return final
		}
	}
	switch {
	case strings.ContainsRune(finals, last):
		return final
	case strings.ContainsRune(weaks, last):
		return weak
	}
	return noun
}

// isParticle tells the words that cannot end a sentence, not even a clipped one.
func isParticle(text []byte) bool {
	last, _ := lastRune(trimTail(text))
	return strings.ContainsRune("은는을를의과와랑", last)
}

// quotings take up a quotation that stands before them: the sentence goes on. They
// follow it directly or behind a space.
var quotings = wordList("라고", "이라고", "라며", "이라며", "라면서", "이라면서", "라는", "이라는", "라니", "이라니", "란 ", "이란 ", "라던", "이라던",
	"라기", "이라기", "라 ", "이라 ", "하고 ", "하고,", "하며", "하면서", "하는", "하더", "했", "한다", "합니다", "하자", "하셨", "하신",
	"은 ", "는 ", "을 ", "를 ", "이 ", "가 ", "의 ", "에 ", "도 ", "와 ", "과 ", "처럼", "같은", "같이", "외치", "외쳤", "말하", "말했", "속삭", "중얼", "소리")

// connectives end a clause when white space follows. Only those are here that are
// hardly anything else.
var connectives = []string{"는데", "은데", "인데", "지만", "니까", "면서", "라서", "므로", "거나", "려고", "도록", "으면", "다면", "라면", "더니", "고서", "아도", "어도", "아서", "어서", "해서"}

// isConnective tells whether text ends in one of the connectives.
func isConnective(text []byte) bool {
	for _, w := range connectives {
		if len(text) > len(w) && string(text[len(text)-len(w):]) == w {
			return true
		}
	}
	return false
}
