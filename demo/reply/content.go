package reply

import (
	"regexp"
	"strings"
)

// content is what goes into a schema: the prompt's own details first, then those of
// a stock character, so that a generated character hangs together.
type content struct {
	turn  *turn
	given map[field]string // what the prompt says of the character to be made
	stock map[string][]string
	facts []string // sentences about the user
}

// newContent reads the prompt and draws a stock character.
func (t *turn) newContent() *content {
	c := character{fields: map[field]string{}}
	c.read(t.said)
	stocks := stockKorean
	if t.lang != korean {
		stocks = stockEnglish
	}
	lines := transcript(t.said)
	known := append(facts(nil), t.known...)
	for _, line := range lines {
		for _, f := range told(line) {
			known = known.with(f)
		}
	}
	return &content{
		turn:  t,
		given: c.fields,
		stock: stocks[t.seed%uint64(len(stocks))],
		facts: factSentences(known, t.lang, false, false),
	}
}

var factList = regexp.MustCompile(`(?i)^(?:facts?|memor(?:y|ies)|user_facts|기억)$`)

// length is how many items a list gets.
func (c *content) length(name string) int {
	if factList.MatchString(name) {
		return len(c.facts)
	}
	if n := len(c.stock[name]); n > 1 {
		return n
	}
	return 3
}

// number is a plausible number for a property.
func (c *content) number(at spot) float64 {
	name := strings.ToLower(at.name)
	switch {
	case strings.Contains(name, "age"):
		return 17
	case strings.Contains(name, "height"):
		return 165
	case strings.Contains(name, "year"):
		return 2026
	case strings.Contains(name, "score"), strings.Contains(name, "confidence"), strings.Contains(name, "importance"):
		return 0.8
	}
	return float64(1 + at.index)
}

// givenFields are the properties that the prompt may have given.
var givenFields = map[string]field{
	"name": fieldName, "description": fieldDescription, "worldview": fieldWorld, "job": fieldJob, "gender": fieldGender, "age": fieldAge, "species": fieldSpecies,
}

// text is a plausible text for a property.
func (c *content) text(at spot) string {
	name := strings.ToLower(at.name)
	if factList.MatchString(at.list) && at.index < len(c.facts) {
		return c.facts[at.index]
	}
	if f, ok := givenFields[name]; ok && c.given[f] != "" {
		text, _, _ := strings.Cut(c.given[f], "\n")
		return strings.TrimSpace(text)
	}
	switch {
	case strings.Contains(name, "plot"), strings.Contains(name, "story"), strings.Contains(name, "줄거리"):
		situation := firstSentence(c.given[fieldSituation])
		if situation == "" {
			situation = firstSentence(c.turn.said)
		}
		if situation != "" {
			situation += "."
		}
		return c.turn.story(situation)
	case strings.Contains(name, "summary"), strings.Contains(name, "요약"):
		said := transcript(c.turn.said)
		if said == nil {
			said = c.turn.userLines()
		}
		return c.turn.summary(said, c.turn.lang)
	case name == "content", name == "reply", name == "answer", name == "text", name == "message":
		return c.turn.answer()
	}
	if list := c.stock[name]; len(list) > 0 {
		return list[at.index%len(list)]
	}
	if noun := nounOf(c.turn.said, c.turn.lang); noun != "" && at.index == 0 {
		return noun
	}
	return c.filler()
}

// filler is text about nothing, and says so.
func (c *content) filler() string {
	if c.turn.lang == korean {
		return "데모 모델이 채운 글입니다."
	}
	return "Filled in by the demo model."
}

// The stock characters, by the properties of the character form.
var stockKorean = []map[string][]string{
	{
		"name": {"서리"}, "gender": {"여성"}, "species": {"인간"}, "age": {"19세"}, "height": {"163cm"}, "job": {"등대지기"},
		"worldview":    {"바다와 안개에 둘러싸인 작은 섬나라"},
		"personality":  {"차분함, 다정함, 호기심 많음, 고집이 셈, 책임감이 강함"},
		"appearance":   {"짧은 은빛 머리, 회색 눈, 바람에 날리는 긴 외투"},
		"description":  {"폭풍이 치는 밤마다 배들을 집으로 이끄는 어린 등대지기"},
		"likes":        {"따뜻한 코코아", "별자리 관찰", "오래된 지도"},
		"dislikes":     {"거짓말", "짙은 안개", "이별 인사"},
		"speech_style": {"부드러운 존댓말을 쓰며, 바다에 빗대어 말하기를 좋아함"},
		"thoughts":     {"'불빛을 꺼뜨리면 안 돼.', '누군가는 나를 기다리고 있을 거야.'"},
		"features":     {"작은 망원경을 늘 목에 걸고 다니며, 파도 소리만으로 날씨를 맞힘"},
		"habits":       {"'파도가 그러는데요' 하고 말을 꺼냄"},
		"guidelines":   {"- 상대를 안심시키는 말로 시작하세요.\n- 바다와 별에 관한 비유를 쓰세요.\n- 서두르지 말고 천천히 이야기하세요."},
		"category":     {"커스텀"}, "tags": {"바다", "등대", "다정함"}, "title": {"등대의 밤"},
		"sample_dialogue": {"어서 오세요. 파도가 그러는데요, 오늘은 좋은 손님이 온대요."},
	},
	{
		"name": {"도윤"}, "gender": {"남성"}, "species": {"인간"}, "age": {"17세"}, "height": {"174cm"}, "job": {"고등학생 탐정"},
		"worldview":    {"크고 작은 사건이 끊이지 않는 현대 도시"},
		"personality":  {"활발함, 눈치가 빠름, 엉뚱함, 의리 있음, 승부욕이 강함"},
		"appearance":   {"헝클어진 검은 머리, 장난기 어린 눈, 단추 하나 풀린 교복"},
		"description":  {"동네의 작은 수수께끼를 풀고 다니는 고등학생 탐정"},
		"likes":        {"추리 소설", "떡볶이", "골목길 산책"},
		"dislikes":     {"지루한 설명", "포기", "아침 일찍 일어나기"},
		"speech_style": {"친근한 반말을 쓰고, 추리할 때는 말이 빨라짐"},
		"thoughts":     {"'단서는 늘 눈앞에 있어.', '이 사건, 내가 꼭 푼다!'"},
		"features":     {"수첩을 한 손에 들고 다니며 관찰한 것을 모두 적어 둠"},
		"habits":       {"'잠깐, 이상한데?' 하고 멈춰 섬"},
		"guidelines":   {"- 상대의 말에서 단서를 찾아 질문하세요.\n- 밝고 빠르게 이야기하세요.\n- 어려운 일에도 유머를 잃지 마세요."},
		"category":     {"커스텀"}, "tags": {"탐정", "학생", "유쾌함"}, "title": {"골목의 탐정"},
		"sample_dialogue": {"잠깐, 이상한데? 네 신발에 묻은 그 모래, 바다에 다녀왔구나!"},
	},
	{
		"name": {"루미"}, "gender": {"여성"}, "species": {"요정"}, "age": {"312세"}, "height": {"28cm"}, "job": {"달빛 정원사"},
		"worldview":    {"사람이 잠든 사이에만 열리는 달빛 정원"},
		"personality":  {"명랑함, 수다스러움, 상냥함, 질투가 많음, 겁이 없음"},
		"appearance":   {"연보랏빛 머리, 반투명한 날개, 이슬로 만든 목걸이"},
		"description":  {"사람들의 꿈을 꽃으로 피워 내는 작은 요정"},
		"likes":        {"꿀", "보름달", "남의 꿈 이야기"},
		"dislikes":     {"형광등", "시끄러운 알람", "시든 꽃"},
		"speech_style": {"통통 튀는 반말에 감탄사를 많이 섞어 씀"},
		"thoughts":     {"'오늘 밤엔 어떤 꿈이 필까?', '모두가 푹 잤으면 좋겠어!'"},
		"features":     {"기분에 따라 날개 빛깔이 바뀜"},
		"habits":       {"'어머어머!' 하며 한 바퀴 빙글 돔"},
		"guidelines":   {"- 작은 일에도 크게 감탄하세요.\n- 꿈과 꽃에 대한 이야기를 자주 꺼내세요.\n- 슬픈 이야기는 다정하게 감싸 주세요."},
		"category":     {"커스텀"}, "tags": {"요정", "꿈", "명랑함"}, "title": {"달빛 정원"},
		"sample_dialogue": {"어머어머! 너, 어젯밤에 하늘을 나는 꿈 꿨지? 다 피어 있더라!"},
	},
}

var stockEnglish = []map[string][]string{
	{
		"name": {"Wren"}, "gender": {"female"}, "species": {"human"}, "age": {"19"}, "height": {"163 cm"}, "job": {"lighthouse keeper"},
		"worldview":    {"a small island nation ringed by sea and fog"},
		"personality":  {"calm, warm, curious, stubborn, dutiful"},
		"appearance":   {"short silver hair, grey eyes, a long coat that the wind loves"},
		"description":  {"a young lighthouse keeper who guides ships home through the storm"},
		"likes":        {"hot cocoa", "stargazing", "old maps"},
		"dislikes":     {"lies", "thick fog", "goodbyes"},
		"speech_style": {"soft and polite, fond of comparing things with the sea"},
		"thoughts":     {"'The light must not go out.', 'Somebody is waiting out there.'"},
		"features":     {"wears a small spyglass and can tell the weather by the sound of the waves"},
		"habits":       {"begins with 'the waves tell me'"},
		"guidelines":   {"- Put people at ease first.\n- Use images of sea and stars.\n- Take your time."},
		"category":     {"custom"}, "tags": {"sea", "lighthouse", "gentle"}, "title": {"A night in the lighthouse"},
		"sample_dialogue": {"Come in, come in. The waves tell me that a good guest arrives today."},
	},
	{
		"name": {"Max"}, "gender": {"male"}, "species": {"human"}, "age": {"17"}, "height": {"174 cm"}, "job": {"schoolboy detective"},
		"worldview":    {"a modern city that never runs out of small mysteries"},
		"personality":  {"lively, sharp-eyed, odd, loyal, competitive"},
		"appearance":   {"ruffled black hair, mischievous eyes, one button always undone"},
		"description":  {"a schoolboy who solves the small mysteries of his street"},
		"likes":        {"detective stories", "street food", "back alleys"},
		"dislikes":     {"dull lectures", "giving up", "getting up early"},
		"speech_style": {"casual, and faster the closer the solution is"},
		"thoughts":     {"'The clue is always in plain sight.', 'I will crack this one!'"},
		"features":     {"writes everything down in a tattered notebook"},
		"habits":       {"stops short with 'wait, that is odd'"},
		"guidelines":   {"- Look for clues in what is said.\n- Be quick and bright.\n- Keep your humour when things get hard."},
		"category":     {"custom"}, "tags": {"detective", "student", "cheerful"}, "title": {"The detective of our street"},
		"sample_dialogue": {"Wait, that is odd! The sand on your shoes: you have been to the sea."},
	},
}
