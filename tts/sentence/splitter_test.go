package sentence

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// talk is a Splitter with what a test expects of it, step by step.
type talk struct {
	*Splitter
	t *testing.T
}

func newTalk(t *testing.T) talk { return talk{New(), t} }

// push pushes the tokens, of which only the last may end something: want.
func (k talk) push(why string, tokens []string, want ...string) {
	k.t.Helper()
	for i, tok := range tokens {
		got := k.Push(tok)
		if i < len(tokens)-1 && got != nil {
			k.t.Fatalf("%s: token %q ended %q", why, tok, got)
		}
		if i == len(tokens)-1 && !slices.Equal(got, want) {
			k.t.Fatalf("%s: the last token, %q, ended %q, want %q", why, tok, got, want)
		}
	}
}

func (k talk) pause(why string, want ...string) {
	k.t.Helper()
	if held := k.Held(); held != (len(want) > 0) {
		k.t.Fatalf("%s: Held is %t", why, held)
	}
	if got := k.Pause(); !slices.Equal(got, want) {
		k.t.Fatalf("%s: the pause ended %q, want %q", why, got, want)
	}
}

func (k talk) flush(why string, want ...string) {
	k.t.Helper()
	if got := k.Flush(); !slices.Equal(got, want) {
		k.t.Fatalf("%s: the end left %q, want %q", why, got, want)
	}
}

func words(tokens ...string) []string { return tokens }

func TestEndAtOnce(t *testing.T) {
	for _, tokens := range [][]string{
		words("안녕", "하세요", "."),
		words("안녕", "하세요", "!"),
		words("오늘", " 기분", "은", " 어떠", "세요", "?"),
		words("안녕하세요."),
		words("반갑", "습니다", "~"),
		words("Nice", " to", " meet", " you", "."),
		words("그래", "서", " 내일", " 만나", "기로", " 했어", "."),
		words("今日", "は", "晴れ", "です", "。"),
		words("我们", "走", "吧", "！"),
		words("제목", "\n"),
	} {
		s := New()
		for i, tok := range tokens {
			got := s.Push(tok)
			if last := i == len(tokens)-1; last != (len(got) == 1) {
				t.Errorf("%q: token %q gave %q; an end that is plain is handed out with its terminator", tokens, tok, got)
			}
		}
	}
}

func TestWaits(t *testing.T) {
	k := newTalk(t)
	k.push("a decimal may follow", words("원주율은", " ", "3", "."))
	k.push("and it does", words("14"))
	k.push("behind the ending it is over", words("예요", "."), "원주율은 3.14예요.")

	k.push("a short question may go on as ?!", words(" 정말", "?"))
	k.push("and it does; there may be more", words("!"))
	k.push("a space ends the run", words(" 그래"), " 정말?!")
	k.flush("what is left comes at the end", " 그래")

	k.push("three full stops may come one by one", words("음", ".", ".", "."))
	k.pause("a word to think by goes on, however long the pause")
	k.push("so the rest belongs to it, and this feed has shown that it breaks runs", words(" 어려", "워요", "."))
	k.pause("so that its full stops wait", "음... 어려워요.")

	k.push("the quotation may close", words(" \"", "안녕", "."))
	k.push("and what follows may take it up", words("\""))
	k.push("which it does", words("이라고", " 했", "어요", "."))
	k.push("and a new sentence ends the wait", words(" 네"), " \"안녕.\"이라고 했어요.")
}

func TestPause(t *testing.T) {
	k := newTalk(t)
	k.pause("nothing has been said")
	k.push("it might become ?!", words("뭐", "?"))
	k.pause("but nothing came", "뭐?")
	k.pause("and a second pause has nothing left to decide")
	k.push("text without a terminator", words(" 나는", " 네가"))
	k.pause("is not held, so a pause says nothing")
	k.push("it ends", words(" 좋아", "."), " 나는 네가 좋아.")

	k.push("a name follows a title", words(" Dr", "."))
	k.pause("a pause does not make it an end")
	k.push("even in the next token", words(" Kim", " is"))
	k.flush("", " Dr. Kim is")

	k.push("a year may be a date's", words("2026", "."))
	k.pause("dates come slowly too")
	k.push("so it goes on", words(" ", "11", ".", " ", "24", "."))
	k.pause("up to its last part")
	k.flush("", "2026. 11. 24.")

	k.push("a number that ends a sentence", words("It", " was", " 1850", "."))
	k.pause("is let go by a pause", "It was 1850.")
	k.flush("nothing is left")

	k.push("a quotation's end may be taken up", words("\"", "가자", "!\""))
	k.pause("which only the next word can tell")
	k.push("and this one does not", words(" 우리"), "\"가자!\"")
	k.flush("", " 우리")

	k.push("inside a quotation the closing mark may follow", words("\"", "안녕", "!"))
	k.pause("but it did not", "\"안녕!")
	k.flush("nothing is left")
}

func TestFirstClause(t *testing.T) {
	for _, c := range []struct {
		why    string
		tokens []string
		want   []string
	}{
		{"six syllables are enough", words("안녕", "하십니까", ",", " 여러", "분", "."), []string{"안녕하십니까,", " 여러분."}},
		{"five are not", words("안녕", "하세요", ",", " 여러", "분", "."), []string{"안녕하세요, 여러분."}},
		{"only the first fragment", words("네", ".", " 그렇게 말씀하시면", ",", " 할 수 없죠", "."), []string{"네.", " 그렇게 말씀하시면, 할 수 없죠."}},
		{"not inside a number", words("가격은 모두 합쳐서 ", "1", ",", "234", "원이에요", "."), []string{"가격은 모두 합쳐서 1,234원이에요."}},
		{"not inside a time", words("우리는 내일 아침 ", "9", ":", "30", "에 만나요", "."), []string{"우리는 내일 아침 9:30에 만나요."}},
		{"Latin words are counted by their vowels", words("Of", " course", " my", " old", " friend", ",", " come", " in", "."), []string{"Of course my old friend,", " come in."}},
		{"Japanese and Chinese commas", words("今日", "はとても", "、", "いい天気", "です", "。"), []string{"今日はとても、", "いい天気です。"}},
		{"a colon before white space", words("오늘 할 일은 이거야", ":", " 청소", "!"), []string{"오늘 할 일은 이거야:", " 청소!"}},
		{"a dash", words("그 사람은 말이야", "—", "좋은 사람이야", "."), []string{"그 사람은 말이야—", "좋은 사람이야."}},
		{"not inside an aside", words("나는 (어제 저녁에도 말했지만, 정말) 괜찮아", "."), []string{"나는 (어제 저녁에도 말했지만, 정말) 괜찮아."}},
		{"the closing quote stays with its clause", words("\"", "I am very glad to see you", ",\"", " she said", "."), []string{"\"I am very glad to see you,\"", " she said."}},
	} {
		t.Run(c.why, func(t *testing.T) {
			if diff := cmp.Diff(c.want, feedAll(true, c.tokens...)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	s := Splitter{FirstClause: true}
	if s.Push("그렇게 말씀"); !slices.Equal(s.Push("하시면,"), []string{"그렇게 말씀하시면,"}) {
		t.Error("a first clause must be handed out with its comma: speech starts that much sooner")
	}
}

// TestRunAfterCut: what follows an end that has been handed out is the front of the
// next piece and never a piece.
func TestRunAfterCut(t *testing.T) {
	k := newTalk(t)
	k.push("an end", words("알겠", "습니다", "."), "알겠습니다.")
	k.push("that goes on after all", words(".", ".", " "))
	k.push("is joined to what follows", words("지금", " 바로", " 갈게요", "."), ".. 지금 바로 갈게요.")
	k.push("white space too", words("\n", "\n", "  "))
	k.push("emoji too", words("😊", " "))
	k.pause("there is nothing to speak")
	k.flush("only the text's end hands it out alone", "\n\n  😊 ")
}

func TestFence(t *testing.T) {
	got := feedAll(false, runeTokens("이렇게 해요.\n```py\nprint('안녕. 반가워!')\n\nx = 1.\n```\n쉽죠? `a. b.`도 돼요.")...)
	want := []string{"이렇게 해요.", "\n```py\nprint('안녕. 반가워!')\n\nx = 1.\n```", "\n쉽죠?", " `a. b.`도 돼요."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a code fence is one piece, -want +got\n%s", diff)
	}
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		why    string
		tokens []string
		want   []string
	}{
		{"a word may take up what the asterisks close", words("그는", " **", "안녕", "!", "**", "이라고", " 했어", "."), []string{"그는 **안녕!**이라고 했어."}},
		{"a line's end closes what was forgotten", words("그는", " \"", "안녕", "\n", "오늘도", " 좋은", " 날", "이야", ".", " 그래", "."), []string{"그는 \"안녕\n", "오늘도 좋은 날이야.", " 그래."}},
		{"so does length", words("그는 \"", "우리는 산을 넘고 물을 건너 먼 곳으로 떠나기로 하고서 아침 일찍 일어나 짐을 싸고 문을 나서서 오래오래 걷고 또 걸어서 마침내 해가 뜨는 바다에 닿았다", ".", " 바다는", " 넓었다", "."),
			[]string{"그는 \"우리는 산을 넘고 물을 건너 먼 곳으로 떠나기로 하고서 아침 일찍 일어나 짐을 싸고 문을 나서서 오래오래 걷고 또 걸어서 마침내 해가 뜨는 바다에 닿았다.", " 바다는 넓었다."}},
		{"a bullet opens nothing", words("* ", "청소", "해요", ".", " 빨래", "해요", "."), []string{"* 청소해요.", " 빨래해요."}},
		{"an apostrophe neither", words("'cause", " I", " said", " so", ".", " Right", " here", "."), []string{"'cause I said so.", " Right here."}},
		{"nor do inches", words("A", " 5", "\"", " screen", " is", " small", ".", " Buy", " another", "."), []string{"A 5\" screen is small.", " Buy another."}},
	} {
		t.Run(c.why, func(t *testing.T) {
			if diff := cmp.Diff(c.want, feedAll(false, c.tokens...)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}

	k := newTalk(t)
	k.push("a full stop inside words that a sentence quotes", words("그는", " 말했다", ",", " \"", "안녕", "."))
	k.pause("ends nothing, and a pause does not lose sight of it")
	k.push("the mark may close", words("\""))
	k.push("so that the next word ends it", words(" 나는"), "그는 말했다, \"안녕.\"")
	k.flush("", " 나는")
}
