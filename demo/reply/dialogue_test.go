package reply

import (
	"strings"
	"testing"
	"time"

	"avatarforge/llm"
)

// noon is the time in every test: Saturday, 14 March 2026, 15:25.
var noon = time.Date(2026, 3, 14, 15, 25, 0, 0, time.UTC)

// casualPrompt and politePrompt are of the shape that the prompt builder writes.
const (
	casualPrompt = `당신은 사용자와 음성으로 이야기하는 역할극에서 다음 인물을 연기한다: 유별

<character>
프로필: 여성, 인간, 21세, 158cm, 게임 스트리머
성격: 밝음, 명랑함, 승부욕
좋아하는 것: 리듬 게임, 떡볶이
싫어하는 것: 렉, 스포일러
말투: 귀여운 반말
버릇: '대박!' 하고 자주 놀람
</character>

규칙:
- 언제나 이 인물로서 이 인물의 말투와 지식으로 말하며, 역할 밖으로 나오지 않는다.
- 사용자가 쓰는 언어로 답한다.`

	politePrompt = `당신은 사용자와 음성으로 이야기하는 역할극에서 다음 인물을 연기한다: 헤르미온느 그레인저

<character>
프로필: 여성, 인간, 17세, 165cm, 마법사
성격: 똑똑함, 책임감, 호기심
외모: 갈색 곱슬 머리, 갈색 눈
좋아하는 것: 책, 마법
싫어하는 것: 불공평함
말투: 정중하고 학술적인 말투
</character>`
)

// dialogue is a conversation under way.
type dialogue struct {
	t        *testing.T
	seed     uint64
	messages []llm.Message
	answer   string
}

func talk(t *testing.T, system string, seed uint64) *dialogue {
	d := &dialogue{t: t, seed: seed}
	if system != "" {
		d.messages = append(d.messages, llm.Message{Role: llm.RoleSystem, Content: system})
	}
	return d
}

func (d *dialogue) say(text string) {
	d.t.Helper()
	d.messages = append(d.messages, llm.Message{Role: llm.RoleUser, Content: text})
	answer, err := Generate(Request{Messages: d.messages, Seed: d.seed, Now: noon})
	if err != nil {
		d.t.Fatal(err)
	}
	d.answer = answer
	d.messages = append(d.messages, llm.Message{Role: llm.RoleAssistant, Content: answer})
}

func (d *dialogue) want(why string, words ...string) {
	d.t.Helper()
	for _, w := range words {
		if !strings.Contains(d.answer, w) {
			d.t.Errorf("seed %d: %q lacks %q: %s", d.seed, d.answer, w, why)
		}
	}
}

func (d *dialogue) never(why string, words ...string) {
	d.t.Helper()
	for _, w := range words {
		if strings.Contains(d.answer, w) {
			d.t.Errorf("seed %d: %q holds %q: %s", d.seed, d.answer, w, why)
		}
	}
}

// seeds are enough to see every line of an intent.
func seeds(f func(seed uint64)) {
	for seed := range uint64(8) {
		f(seed)
	}
}

func TestACasualConversation(t *testing.T) {
	seeds(func(seed uint64) {
		d := talk(t, casualPrompt, seed)
		d.say("안녕!")
		d.want("a character introduces itself", "유별")
		d.never("she speaks casually", "요.", "요?", "요!", "습니다")

		d.say("내 이름은 지수야")
		d.want("a name ending in a vowel takes 야", "지수야")
		d.never("야 belongs to the sentence, not to the name", "지수야야", "지수아")

		d.say("나는 매운 떡볶이를 제일 좋아해")
		d.want("what is told is taken up, with 를 after a vowel", "매운 떡볶이")

		d.say("내가 제일 좋아하는 색은 파란색이야. 너는 뭐 좋아해?")
		d.want("both halves are answered", "파란색")
		d.never("no plain English in Korean", "favourite")

		d.say("우리 강아지 이름은 초코야")
		d.want("any noun can be remembered", "초코")

		d.say("3+5는?")
		d.want("it can add, and 8 ends in a consonant", "8")
		d.never("팔 takes 이야", "8야")

		d.say("농담 하나 해줘")
		first := d.answer
		d.say("농담 하나 더 해줘")
		if d.answer == first {
			t.Errorf("seed %d: it told the same joke twice: %s", seed, first)
		}

		d.say("내 이름이 뭐야?")
		d.want("she remembers the name", "지수")
		d.say("내가 뭘 좋아한다고 했지?")
		d.want("and the taste", "매운 떡볶이")
		d.say("내가 제일 좋아하는 색 기억해?")
		d.want("and the colour", "파란색")
		d.say("우리 강아지 이름이 뭐라고?")
		d.want("and the dog", "초코")
		d.say("내 생일이 언제야?")
		d.want("what was never told is not made up", "생일")
		d.never("no invented date", "월", "일이야.")

		d.say("나 오늘 시험 망쳤어")
		d.never("comfort, not congratulations", "축하", "신나")
		d.say("잘 자")
		d.never("nobody is asked anything on the way to bed", "?")
	})
}

func TestAPoliteConversation(t *testing.T) {
	seeds(func(seed uint64) {
		d := talk(t, politePrompt, seed)
		d.say("안녕하세요")
		d.want("she introduces herself", "헤르미온느 그레인저")
		d.say("저는 김민준이라고 합니다")
		d.want("the family name is left out, the polite form used", "민준 님")
		d.never("no casual vocative", "민준아", "민준이야")
		d.say("저는 개발자예요")
		d.want("a job is a fact", "개발자")
		d.say("오이를 싫어해요")
		d.want("a dislike is a fact", "오이")
		d.say("제 이름이 뭐라고 했죠?")
		d.want("the name again", "민준")
		d.say("제가 뭘 싫어한다고 했죠?")
		d.want("the dislike again", "오이")
		d.say("당신은 무슨 일을 하세요?")
		d.say("저에 대해 아는 걸 말해 주세요")
		d.want("all of it", "김민준", "개발자", "오이")
		for _, m := range d.messages {
			if m.Role == llm.RoleAssistant && strings.Contains(m.Content, "너는") {
				t.Errorf("seed %d: a polite character says 너: %s", seed, m.Content)
			}
		}
	})
}

func TestAnEnglishConversation(t *testing.T) {
	seeds(func(seed uint64) {
		d := talk(t, politePrompt, seed)
		d.say("Hello!")
		d.want("the name is written so that an English voice can read it", "Hereumionneu")
		d.never("English is answered in English", "안녕", "헤르미온느")
		d.say("My name is Tom and I love rainy days")
		d.want("two facts in one sentence", "Tom", "ainy days")
		d.say("My favorite color is green.")
		d.say("What's my favourite colour?")
		d.want("British and American spelling are one", "green")
		d.say("What's my name?")
		d.want("the name", "Tom")
		d.say("What do I like?")
		d.want("the taste", "ainy days")
		d.say("What is 12 * 4?")
		d.want("the product", "48")
		d.say("How old am I?")
		d.want("what was never told is not made up", "age")
		d.say("I painted my door yesterday")
		d.never("no first person for what the user did", "my door", "I painted")
		d.say("내 이름이 뭐야?")
		d.want("a fact told in one language is known in another", "Tom")
	})
}

func TestAJapaneseConversation(t *testing.T) {
	seeds(func(seed uint64) {
		d := talk(t, politePrompt, seed)
		d.say("こんにちは")
		d.never("Japanese is answered in Japanese", "안녕", "Hello")
		d.say("私の名前はゆきです")
		d.want("the name", "ゆきさん")
		d.say("ラーメンが好きです")
		d.want("the taste", "ラーメン")
		d.say("今何時？")
		d.want("Chinese characters alone are Japanese among kana", "午後3時25分")
		d.say("私の名前は何？")
		d.want("the name", "ゆき")
		d.say("私は何が好き？")
		d.want("the taste", "ラーメン")
	})
}

func TestAChineseConversation(t *testing.T) {
	d := talk(t, "", 1)
	d.say("你好")
	d.want("a greeting", "你好")
	d.say("我叫小明")
	d.want("the name is taken up", "小明")
	d.say("我叫什么名字？")
	d.want("and remembered", "小明")
	d.say("3加5是多少？")
	d.want("it adds", "8")
}

func TestSingleLines(t *testing.T) {
	for _, c := range []struct {
		said  string
		want  string // one of these, separated by |
		never string
		why   string
	}{
		{"너 진짜 AI야?", "OLLAMA_BASE_URL", "나는 사람", "it is honest about itself, and says how to get the real thing"},
		{"혹시 챗봇이야?", "데모", "", "the same in other words"},
		{"데모 말고 진짜랑 얘기하려면 어떻게 해?", "Ollama", "", "the way out is named"},
		{"Are you a real AI?", "demo", "", "honest in English"},
		{"あなたはAIですか？", "デモ", "", "honest in Japanese"},
		{"지금 몇 시야?", "오후 3시 25분", "", "the time of the request, in words that can be spoken"},
		{"오늘 며칠이야?", "3월 14일 토요일", "", "the date of the request"},
		{"What time is it?", "3:25 pm", "", "the same in English"},
		{"십이 곱하기 삼은 얼마야?", "36", "", "numbers in words"},
		{"(3+4)*2는 얼마야?", "14", "", "brackets first"},
		{"2+3*4는?", "14", "20", "products before sums"},
		{"10 나누기 4는?", "2.5야|2.5이|2.5!", "", "fractions"},
		{"5 나누기 0은?", "나눌 수 없", "Inf", "nobody divides by zero"},
		{"1부터 5까지 세어줘", "1, 2, 3, 4, 5", "6", "counting"},
		{"백까지 세 봐 1부터 1000000까지 세어줘", "30", "1000000", "counting is bounded: it is spoken"},
		{"2026-11-24에 만나자", "", "1991", "a date is no subtraction"},
		{"넌 누구야?", "유별", "", "who she is"},
		{"몇 살이야?", "21세|비밀", "", "her age, from the profile line"},
		{"무슨 일 해?", "게임 스트리머|이야기", "", "her job, from the profile line"},
		{"뭐 좋아해?", "리듬 게임|떡볶이|얘기", "", "what she likes"},
		{"떡볶이 좋아해?", "떡볶이", "아직 잘 모르지만", "she knows that she likes it"},
		{"축구 좋아해?", "축구", "", "what is asked for is taken up"},
		{"비 온다", "", "", "weather without a question"},
		{"나 친구랑 싸웠어", "친구랑 싸웠구나|친구|화|속상", "싸웠어구나", "the echo keeps the sentence"},
		{"사랑해", "좋", "", "love"},
		{"바보야", "", "천재", "an insult is no praise"},
		{"ㅋㅋㅋㅋ", "웃", "", "laughter"},
		{"...", "", "웃", "dots are no laughter"},
		{"", "", "", "silence"},
		{"😀", "", "", "an emoji alone"},
	} {
		seeds(func(seed uint64) {
			d := talk(t, casualPrompt, seed)
			d.say(c.said)
			if d.answer == "" {
				t.Fatalf("seed %d: no answer to %q", seed, c.said)
			}
			found := c.want == ""
			for w := range strings.SplitSeq(c.want, "|") {
				found = found || strings.Contains(d.answer, w)
			}
			if !found {
				t.Errorf("seed %d: %q is answered %q, want %q: %s", seed, c.said, d.answer, c.want, c.why)
			}
			if c.never != "" {
				d.never(c.why, c.never)
			}
			d.never("templates are filled", "{", "}", "[", "]", "  ")
		})
	}
}

func TestAStoryIsAStory(t *testing.T) {
	for _, c := range []struct{ said, why string }{
		{"이야기 하나 해줘", "Korean"}, {"Tell me a story", "English"}, {"お話をして", "Japanese"}, {"给我讲个故事", "Chinese"},
	} {
		told := map[string]bool{}
		seeds(func(seed uint64) {
			d := talk(t, casualPrompt, seed)
			d.say(c.said)
			// The closing question is not counted among the six to ten.
			if n := len(sentences(d.answer)); n < 6 || n > 13 {
				t.Errorf("%s, seed %d: %d sentences: %s", c.why, seed, n, d.answer)
			}
			d.never("slots are filled", "{", "}")
			told[d.answer] = true
		})
		if len(told) < 3 {
			t.Errorf("%s: eight seeds tell %d stories", c.why, len(told))
		}
	}
	d := talk(t, casualPrompt, 1)
	d.say("이야기 하나 해줘")
	first := d.answer
	d.say("하나 더 해줘")
	if d.answer == first || len(sentences(d.answer)) < 6 {
		t.Errorf("asked for another it tells %q", d.answer)
	}
}

func TestTheSameRequestHasTheSameReply(t *testing.T) {
	for _, said := range []string{"안녕!", "심심해", "이야기 해줘", "뭐 해?"} {
		answers := map[string]bool{}
		seeds(func(seed uint64) {
			a, b := talk(t, casualPrompt, seed), talk(t, casualPrompt, seed)
			a.say(said)
			b.say(said)
			if a.answer != b.answer {
				t.Errorf("seed %d answers %q with %q and with %q", seed, said, a.answer, b.answer)
			}
			answers[a.answer] = true
		})
		if len(answers) < 2 {
			t.Errorf("all seeds answer %q alike", said)
		}
	}
}

func TestMemoryOutlivesTheMessages(t *testing.T) {
	d := talk(t, politePrompt, 0)
	for _, said := range []string{"안녕하세요", "내 이름은 지수야", "나는 떡볶이를 좋아해", "나는 부산에 살아", "우리 고양이 이름은 나비야", "어제 바다에서 조개를 주웠어"} {
		d.say(said)
	}
	// What a program asks for when the window is full: an instruction, the transcript.
	var transcript strings.Builder
	for _, m := range d.messages[1:] {
		speaker := "사용자"
		if m.Role == llm.RoleAssistant {
			speaker = "캐릭터"
		}
		transcript.WriteString(speaker + ": " + m.Content + "\n")
	}
	summary, err := Generate(Request{Now: noon, Messages: []llm.Message{
		{Role: llm.RoleSystem, Content: "다음 대화를 세 문장으로 요약해. 사용자에 대한 사실을 빠뜨리지 마."},
		{Role: llm.RoleUser, Content: transcript.String()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range []string{"지수", "떡볶이", "부산", "나비", "조개"} {
		if !strings.Contains(summary, fact) {
			t.Errorf("the summary %q lacks %q", summary, fact)
		}
	}
	if strings.Contains(summary, "안녕하세요") {
		t.Errorf("the summary %q quotes a greeting", summary)
	}

	// The messages are gone, the summary is in the prompt.
	later := talk(t, politePrompt+"\n\n지금까지의 대화 요약:\n"+summary, 0)
	for _, c := range []struct{ said, want string }{
		{"제 이름이 뭐라고 했죠?", "지수"}, {"내가 뭘 좋아한다고 했지?", "떡볶이"}, {"내가 어디 산다고 했지?", "부산"}, {"우리 고양이 이름이 뭐야?", "나비"},
	} {
		later.say(c.said)
		later.want("it is known from the summary", c.want)
	}
}

func TestWhatPromptsRememberOfTheUser(t *testing.T) {
	for name, system := range map[string]string{
		"a labelled line":      politePrompt + "\n사용자의 이름: 지수",
		"a section of labels":  politePrompt + "\n\n## 사용자에 대해 기억하는 것\n- 이름: 지수\n- 좋아하는 색: 파란색",
		"sentences":            politePrompt + "\n\n# 기억\n- 사용자의 이름은 지수입니다.",
		"in English":           politePrompt + "\nThe user's name: 지수",
		"before the character": "사용자의 이름: 지수\n" + politePrompt,
	} {
		d := talk(t, system, 2)
		d.say("내 이름이 뭐야?")
		d.want(name, "지수")
		d.say("당신은 누구예요?")
		d.want("the user's name is not the character's, "+name, "헤르미온느")
	}
}

func TestACharacterWithASuffix(t *testing.T) {
	d := talk(t, "이름: 나비\n말투: 반말을 쓰고 말끝에 '냥'을 붙인다", 1)
	d.say("심심해")
	d.want("the suffix stands before the mark", "냥?")
}

func TestQuestionForTheNameIsAnsweredByANameAlone(t *testing.T) {
	d := &dialogue{t: t, messages: []llm.Message{
		{Role: llm.RoleUser, Content: "안녕"}, {Role: llm.RoleAssistant, Content: "안녕! 너는 이름이 뭐야?"},
	}}
	d.say("하늘")
	d.say("내 이름이 뭐야?")
	d.want("the bare word was the answer", "하늘")

	d = &dialogue{t: t, messages: []llm.Message{
		{Role: llm.RoleUser, Content: "안녕"}, {Role: llm.RoleAssistant, Content: "안녕! 너는 이름이 뭐야?"},
	}}
	d.say("비밀")
	d.say("내 이름이 뭐야?")
	d.never("a refusal is no name", "비밀이잖", "비밀, 맞", "비밀 님")
}

func TestWhoIsKnownIsNotAskedForTheName(t *testing.T) {
	seeds(func(seed uint64) {
		d := talk(t, "사용자의 이름: 민수\n"+politePrompt, seed)
		d.say("안녕하세요")
		d.never("the prompt gives the name", "성함")
	})
}

func TestRealEndingsAreNoSuffix(t *testing.T) {
	d := talk(t, "이름: 하나\n말투: 문장 끝에 '요'를 붙이는 존댓말", 1)
	d.say("심심해")
	d.never("요 is there already", "요요")
}
