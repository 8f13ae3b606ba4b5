package reply

import (
	"slices"
	"strings"
	"testing"

	"avatarforge/llm"
)

func TestParticles(t *testing.T) {
	for _, c := range []struct{ word, form, want, why string }{
		{"지수", "은", "는", "a vowel"}, {"민준", "은", "은", "a consonant"}, {"하늘", "은", "은", "ㄹ is a consonant here"},
		{"지수", "아", "야", "vocative after a vowel"}, {"민준", "아", "아", "vocative after a consonant"},
		{"지수", "이", "가", ""}, {"민준", "이", "이", ""}, {"지수", "을", "를", ""}, {"민준", "을", "을", ""}, {"책", "과", "과", ""}, {"사과", "과", "와", ""},
		{"서울", "으로", "로", "ㄹ counts as a vowel before 로"}, {"부산", "으로", "으로", ""}, {"제주", "으로", "로", ""},
		{"지수", "이야", "야", "the copula"}, {"민준", "이야", "이야", ""}, {"지수", "이에요", "예요", ""}, {"민준", "이에요", "이에요", ""},
		{"지수", "이라고", "라고", ""}, {"지수", "이랑", "랑", ""}, {"민준", "이구나", "이구나", ""},
		{"8", "이야", "이야", "팔"}, {"5", "이야", "야", "오"}, {"10", "은", "은", "십"}, {"100", "을", "을", "백"}, {"2", "은", "는", "이"}, {"7", "으로", "로", "칠 ends in ㄹ"},
		{"3", "으로", "으로", "삼"}, {"AI", "은", "는", "에이아이"}, {"URL", "은", "은", "유알엘"}, {"GPT", "을", "를", "지피티"}, {"Tom", "아", "아", "톰"},
		{"Anna", "아", "야", "애나"}, {"book", "을", "을", "북"}, {"test", "을", "를", "테스트"}, {"165cm", "이에요", "예요", "센티미터"}, {"70kg", "이에요", "이에요", "킬로그램"}, {"\"책\"", "을", "을", "quotes are not spoken"}, {"", "은", "는", "nothing"},
	} {
		if got := particle(c.word, c.form); got != c.want {
			t.Errorf("%s with %s gives %s, want %s (%s)", c.word, c.form, got, c.want, c.why)
		}
	}
}

func TestFill(t *testing.T) {
	v := vars{"a": "물", "b": "차"}
	for _, c := range []struct {
		line, want string
		ok         bool
		why        string
	}{
		{"{a:을} 마셔", "물을 마셔", true, "a particle"},
		{"{b:을} 마셔", "차를 마셔", true, "another one"},
		{"안녕[, {c:아}]!", "안녕!", true, "a part without its value goes"},
		{"안녕[, {a:아}]!", "안녕, 물아!", true, "a part with its value stays"},
		{"{c} 마셔", "", false, "a line without its value cannot be said"},
		{"그냥", "그냥", true, "a plain line"},
	} {
		got, ok := fill(c.line, v)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q gives %q, %v; want %q, %v: %s", c.line, got, ok, c.want, c.ok, c.why)
		}
	}
}

func TestEcho(t *testing.T) {
	for _, c := range []struct{ said, casual, polite string }{
		{"나 오늘 시험 망쳤어", "오늘 시험 망쳤구나", "오늘 시험 망쳤군요"},
		{"나는 학생이야", "학생이구나", "학생이군요"},
		{"나는 의사야", "의사구나", "의사군요"},
		{"요즘 너무 바빠", "요즘 너무 바쁘구나", "요즘 너무 바쁘군요"},
		{"여기 정말 추워", "여기 정말 춥구나", "여기 정말 춥군요"},
		{"피아노를 배워", "피아노를 배우는구나", "피아노를 배우는군요"},
		{"매일 빵을 먹어", "매일 빵을 먹는구나", "매일 빵을 먹는군요"},
		{"매일 빵을 만들어", "매일 빵을 만드는구나", "매일 빵을 만드는군요"},
		{"맥주를 마셔", "맥주를 마시는구나", "맥주를 마시는군요"},
		{"집에 있어", "집에 있구나", "집에 있군요"},
		{"시간이 없어요", "시간이 없구나", "시간이 없군요"},
		{"여행을 가고 싶어요", "여행을 가고 싶구나", "여행을 가고 싶군요"},
		{"오늘은 조용해", "오늘은 조용하구나", "오늘은 조용하군요"},
		{"매일 운동해요", "매일 운동하는구나", "매일 운동하는군요"},
		{"내 친구는 길을 몰라", "네 친구는 길을 모르는구나", "친구는 길을 모르는군요"},
		{"영화를 봤습니다", "영화를 봤구나", "영화를 봤군요"},
		{"비가 올 것 같아", "비가 올 것 같구나", "비가 올 것 같군요"},
	} {
		if got, ok := echoOf(c.said, korean, true); !ok || got != c.casual {
			t.Errorf("%q is echoed %q, want %q", c.said, got, c.casual)
		}
		if got, ok := echoOf(c.said, korean, false); !ok || got != c.polite {
			t.Errorf("%q is echoed %q, want %q", c.said, got, c.polite)
		}
	}
	for said, want := range map[string]string{
		"I lost my key.":            "you lost your key",
		"I'm reading a book":        "you're reading a book",
		"My sister was late":        "your sister was late",
		"I was late":                "you were late",
		"You gave me your umbrella": "I gave you my umbrella",
	} {
		if got, ok := echoOf(said, english, false); !ok || got != want {
			t.Errorf("%q is echoed %q, want %q", said, got, want)
		}
	}
	for _, said := range []string{"ㅁㄴㅇㄹ", "하늘은 파랗고 바다는 깊으며 산은 높고 들은 넓은데 사람은 그 사이에 산다니까", "The sky"} {
		if got, ok := echoOf(said, korean, true); ok && !strings.HasSuffix(got, "구나") {
			t.Errorf("%q is echoed %q", said, got)
		}
	}
}

func TestNouns(t *testing.T) {
	for said, want := range map[string]string{
		"어제 고양이를 봤다": "고양이", "사과가 맛있더라": "사과", "회의가 길었지": "회의", "서울로 가자": "서울", "진짜 그래": "", "포도는 비싸": "포도",
	} {
		if got := nounOf(said, korean); got != want {
			t.Errorf("the noun of %q is %q, want %q", said, got, want)
		}
	}
}

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		said string
		want []fact
	}{
		{"내 이름은 지수야", []fact{{topicName, "", "지수"}}},
		{"내 이름은 민준이야!", []fact{{topicName, "", "민준"}}},
		{"내 이름은 유이야", []fact{{topicName, "", "유이"}}},
		{"제 이름은 하늘입니다.", []fact{{topicName, "", "하늘"}}},
		{"저는 박서연이라고 해요", []fact{{topicName, "", "박서연"}}},
		{"그냥 코코라고 불러줘", []fact{{topicName, "", "코코"}}},
		{"내 이름은 지수고 떡볶이를 좋아해", []fact{{topicName, "", "지수"}, {topicLike, "", "떡볶이"}}},
		{"나는 책 읽는 걸 좋아해", []fact{{topicLike, "", "책 읽는 것"}}},
		{"나 오이 싫어해", []fact{{topicDislike, "", "오이"}}},
		{"내가 제일 좋아하는 음식은 김치찌개야", []fact{{topicFavourite, "음식", "김치찌개"}}},
		{"제일 좋아하는 색깔은 초록색이에요", []fact{{topicFavourite, "색", "초록색"}}},
		{"나는 스물다섯 살이야", []fact{{topicAge, "", "스물다섯 살"}}},
		{"저는 30살입니다", []fact{{topicAge, "", "30살"}}},
		{"나는 부산에 살아", []fact{{topicHome, "", "부산"}}},
		{"저는 간호사예요", []fact{{topicJob, "", "간호사"}}},
		{"내 생일은 5월 3일이야", []fact{{topicBirthday, "", "5월 3일"}}},
		{"내 취미는 등산이야", []fact{{topicHobby, "", "등산"}}},
		{"고양이 두 마리를 키워", []fact{{topicPet, "", "고양이 두 마리"}}},
		{"우리 강아지 이름은 초코야", []fact{{topicOwn, "강아지 이름", "초코"}}},
		{"너를 좋아해", nil},
		{"떡볶이 좋아해?", nil},
		{"내 이름이 뭐야?", nil},
		{"내 이름이 뭐야", nil},
		{"나는 바보야", nil},
		{"오늘 날씨가 좋아", nil},
		{"My name is Tom.", []fact{{topicName, "", "Tom"}}},
		{"Call me Ishmael", []fact{{topicName, "", "Ishmael"}}},
		{"I'm Anna", []fact{{topicName, "", "Anna"}}},
		{"I'm tired", nil},
		{"I am Korean", nil},
		{"I'm 25 years old and I live in Berlin", []fact{{topicAge, "", "25"}, {topicHome, "", "Berlin"}}},
		{"My favorite color is green", []fact{{topicFavourite, "colour", "green"}}},
		{"I really love old maps", []fact{{topicLike, "", "old maps"}}},
		{"I love you", nil},
		{"I hate mushrooms", []fact{{topicDislike, "", "mushrooms"}}},
		{"My cat's name is Momo", []fact{{topicOwn, "cat's name", "Momo"}}},
		{"私の名前はゆきです", []fact{{topicName, "", "ゆき"}}},
		{"僕は犬が好きです", []fact{{topicLike, "", "犬"}}},
		{"我叫小明", []fact{{topicName, "", "小明"}}},
	} {
		if got := told(c.said); !slices.Equal(got, c.want) {
			t.Errorf("%q tells %v, want %v", c.said, got, c.want)
		}
	}
}

func TestTheLatestWordCounts(t *testing.T) {
	messages := []llm.Message{
		{Role: llm.RoleUser, Content: "내 이름은 지수야"}, {Role: llm.RoleUser, Content: "나는 사과를 좋아해"},
		{Role: llm.RoleUser, Content: "나는 배를 좋아해"}, {Role: llm.RoleUser, Content: "아니, 내 이름은 지호야"},
	}
	fs := learn(character{}, messages)
	if got := fs.get(topicName, ""); got != "지호" {
		t.Errorf("the name is %s, want the later one", got)
	}
	if got := fs.all(topicLike); !slices.Equal(got, []string{"사과", "배"}) {
		t.Errorf("the tastes are %v, want both", got)
	}
}

func TestUnderstand(t *testing.T) {
	for _, c := range []struct {
		why, prompt string
		name        string
		casual      bool
	}{
		{"the prompt builder's form", casualPrompt, "유별", true},
		{"the same, polite", politePrompt, "헤르미온느 그레인저", false},
		{"English", "In a spoken role-play with the user, you play this character: Alice\n\n<character>\nWay of speaking: casual\n</character>", "Alice", true},
		{"Japanese", "あなたはユーザーと音声で会話するロールプレイで、次の人物を演じる: ハナ\n<character>\n話し方: タメ口\n</character>", "ハナ", true},
		{"prose", "당신은 홍길동입니다. 정중하게 말합니다.", "홍길동", false},
		{"prose with quotes", "너는 '나비'라는 고양이야. 반말을 써.", "나비", true},
		{"English prose", "You are Sherlock Holmes, a detective.", "Sherlock Holmes", false},
		{"markdown", "# 캐릭터\n**이름**: 루나\n**말투**: 반말", "루나", true},
		{"a persona without a name", "밝고 명랑한 10대 소녀 캐릭터. 반말을 사용하며 귀엽게 말함.", "", true},
		{"a style that forbids the other", "이름: 별\n말투: 반말을 쓰지 않고 존댓말만 쓴다", "별", false},
		{"an assistant", "당신은 사용자와 음성으로 이야기하는 친절한 AI 도우미이다.", "", false},
		{"an English assistant", "You are a friendly AI assistant talking with the user by voice.", "", false},
		{"nothing", "", "", false},
	} {
		got := understand([]llm.Message{{Role: llm.RoleSystem, Content: c.prompt}})
		if got.name != c.name || got.casual != c.casual {
			t.Errorf("%s: name %q, casual %v; want %q, %v", c.why, got.name, got.casual, c.name, c.casual)
		}
	}
	c := understand([]llm.Message{{Role: llm.RoleSystem, Content: casualPrompt}})
	if !slices.Equal(c.likes, []string{"리듬 게임", "떡볶이"}) || !slices.Equal(c.dislikes, []string{"렉", "스포일러"}) || !slices.Equal(c.phrases, []string{"대박!"}) {
		t.Errorf("likes %v, dislikes %v, phrases %v", c.likes, c.dislikes, c.phrases)
	}
	if c.fields[fieldAge] != "21세" || c.fields[fieldJob] != "게임 스트리머" || c.fields[fieldHeight] != "158cm" || c.fields[fieldGender] != "여성" {
		t.Errorf("the profile line was read as %v", c.fields)
	}
}

func TestNamesInOtherScripts(t *testing.T) {
	for _, c := range []struct{ name, english, japanese string }{
		{"지수", "Jisu", "ジス"}, {"김민준", "Gimminjun", "キムミンジュン"}, {"유별", "Yubyeol", "ユビョル"}, {"Tom", "Tom", "Tom"}, {"화원", "Hwawon", "ファウォン"},
	} {
		if got := nameIn(c.name, english); got != c.english {
			t.Errorf("%s in English is %s, want %s", c.name, got, c.english)
		}
		if c.name == "김민준" || c.name == "화원" { // katakana has several spellings for these
			continue
		}
		if got := nameIn(c.name, japanese); got != c.japanese {
			t.Errorf("%s in Japanese is %s, want %s", c.name, got, c.japanese)
		}
	}
}

// TestEveryIntentHasLines holds the tables together: what a rule can find must have
// something to say, in every language that has the rule, even about nobody.
func TestEveryIntentHasLines(t *testing.T) {
	handled := map[intent]bool{intentSummary: true, intentStory: true, intentContinue: true, intentRepeat: true}
	for lang, list := range rules {
		for _, r := range list {
			if handled[r.intent] {
				continue
			}
			for _, casual := range []bool{true, false} {
				tn := newTurn(Request{Messages: []llm.Message{{Role: llm.RoleUser, Content: "x"}}, Now: noon})
				tn.lang, tn.who.casual = lang, casual
				v := vars{"clock": "1", "day": "1"}
				if tn.say(r.intent, v) == "" {
					t.Errorf("language %d, casual %v: nothing to say to %s", lang, casual, r.intent)
				}
			}
		}
	}
	for lang, book := range books {
		for i, l := range book {
			for _, line := range slices.Concat(l.casual, l.polite) {
				if strings.Count(line, "{") != strings.Count(line, "}") || strings.Count(line, "[") != strings.Count(line, "]") {
					t.Errorf("language %d, %s: unbalanced brackets in %q", lang, i, line)
				}
				if last := line[len(line)-1]; last != '.' && last != '!' && last != '?' && last != '}' && !strings.HasSuffix(line, "。") && !strings.HasSuffix(line, "！") && !strings.HasSuffix(line, "？") && !strings.HasSuffix(line, "]") {
					t.Errorf("language %d, %s: %q ends without a mark, and a sentence splitter waits", lang, i, line)
				}
			}
		}
	}
	for i, l := range koreanLines {
		if len(l.polite) == 0 {
			t.Errorf("Korean %s has no polite lines", i)
		}
		for _, line := range l.polite {
			if strings.Contains(line, "너는") || strings.Contains(line, "네가") {
				t.Errorf("polite Korean %s says 너: %q", i, line)
			}
		}
	}
}

func FuzzGenerate(f *testing.F) {
	for _, said := range []string{"안녕", "내 이름은 지수야", "3+", "(((1", "1/0=?", "나", "야", "이야", "?", "ㅋ", "{user}", "[x]", "사용자: a\n봇: b\n요약해"} {
		f.Add(casualPrompt, said, uint64(1))
	}
	f.Fuzz(func(t *testing.T, system, said string, seed uint64) {
		// Property: there is always an answer, the same each time, and never a panic.
		req := Request{Messages: []llm.Message{{Role: llm.RoleSystem, Content: system}, {Role: llm.RoleUser, Content: said}}, Seed: seed, Now: noon}
		first, err := Generate(req)
		if err != nil || first == "" {
			t.Fatalf("answer %q, %v", first, err)
		}
		if again, _ := Generate(req); again != first {
			t.Fatalf("answers %q and then %q", first, again)
		}
	})
}

func BenchmarkGenerate(b *testing.B) {
	messages := []llm.Message{{Role: llm.RoleSystem, Content: casualPrompt}}
	for range 15 {
		messages = append(messages,
			llm.Message{Role: llm.RoleUser, Content: "나는 오늘 친구랑 바다에 갔다가 조개를 주웠어. 정말 즐거웠어!"},
			llm.Message{Role: llm.RoleAssistant, Content: "바다에 갔구나! 조개는 어떤 모양이었어?"})
	}
	messages = append(messages, llm.Message{Role: llm.RoleUser, Content: "내가 어디에 갔다고 했지?"})
	for b.Loop() {
		if _, err := Generate(Request{Messages: messages, Now: noon}); err != nil {
			b.Fatal(err)
		}
	}
}
