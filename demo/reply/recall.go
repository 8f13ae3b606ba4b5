package reply

import (
	"regexp"
	"strings"
)

// query is a question about what the user told of himself.
type query struct {
	topic topic
	noun  string
	all   bool // everything that is known
}

// label is what a fact is called in a sentence, "the {label} is …".
func label(t topic, noun string, lang language) string {
	if noun != "" {
		if t == topicFavourite {
			switch lang {
			case korean:
				return "제일 좋아하는 " + noun
			case english:
				return "favourite " + noun
			case japanese:
				return "好きな" + noun
			}
		}
		return noun
	}
	return labels[lang][t]
}

var labels = map[language]map[topic]string{
	korean: {
		topicName: "이름", topicAge: "나이", topicHome: "사는 곳", topicJob: "하는 일", topicBirthday: "생일",
		topicHobby: "취미", topicPet: "반려동물", topicLike: "좋아하는 것", topicDislike: "싫어하는 것", topicFavourite: "제일 좋아하는 것",
	},
	english: {
		topicName: "name", topicAge: "age", topicHome: "home", topicJob: "job", topicBirthday: "birthday",
		topicHobby: "hobby", topicPet: "pet", topicLike: "taste", topicDislike: "pet hate", topicFavourite: "favourite",
	},
	japanese: {
		topicName: "名前", topicAge: "年齢", topicHome: "住んでいる所", topicJob: "仕事", topicBirthday: "誕生日",
		topicHobby: "趣味", topicPet: "ペット", topicLike: "好きなもの", topicDislike: "苦手なもの", topicFavourite: "一番好きなもの",
	},
	chinese: {
		topicName: "名字", topicAge: "年龄", topicHome: "住的地方", topicJob: "工作", topicBirthday: "生日",
		topicHobby: "爱好", topicPet: "宠物", topicLike: "喜欢的东西", topicDislike: "讨厌的东西", topicFavourite: "最喜欢的东西",
	},
}

// isClause reports whether the Korean label of a topic is a clause with a verb, whose
// subject is the user (내가 사는 곳), and not a noun that is his (내 이름).
func (t topic) isClause() bool {
	switch t {
	case topicHome, topicJob, topicLike, topicDislike, topicFavourite:
		return true
	}
	return false
}

// probe is a pattern for a question about the user; group 1, if any, is the noun.
type probe struct {
	query   query
	pattern *regexp.Regexp
}

func ask(t topic, pattern string) probe {
	return probe{query{topic: t}, regexp.MustCompile(`(?i)` + strings.ReplaceAll(pattern, " ", `\s*`))}
}

func askAll(pattern string) probe {
	return probe{query{all: true}, regexp.MustCompile(`(?i)` + strings.ReplaceAll(pattern, " ", `\s*`))}
}

var probes = map[language][]probe{
	korean: {
		ask(topicName, `(?:내|제|나의) 이름(?:이|은|을|도)? ?(?:뭐|뭔|무엇|기억|알|아직|말해|맞|\?|$)|(?:내가|제가|나|난|나는|저|저는) 누구|(?:나|저)를? 뭐라고 불러`),
		ask(topicBirthday, `(?:내|제) 생일(?:이|은)? ?(?:언제|며칠|기억|알|뭐|\?)`),
		ask(topicAge, `(?:내가|제가|나|저|난) 몇 살|(?:내|제) 나이`),
		ask(topicHome, `(?:내가|제가|나|저|난) 어디 ?(?:에|서|에서)? ?(?:살|산|사는|왔)|(?:내|제) (?:고향|집)(?:이|은)? ?어디`),
		ask(topicJob, `(?:내|제) 직업|(?:내가|제가|나|저) (?:무슨|어떤) 일`),
		ask(topicHobby, `(?:내|제) 취미(?:가|는|를)? ?(?:뭐|기억|알|무엇|\?)`),
		ask(topicPet, `(?:내가|제가|나|저) (?:뭐|뭘|무슨 동물|어떤 동물).{0,4}(?:키우|기르|키운)`),
		ask(topicDislike, `(?:내가|제가|나|난|저|전) .{0,6}(?:뭐|뭘|무엇).{0,6}(?:싫어)|(?:내가|제가) .{0,4}싫어하는 (?:것|게|거)`),
		ask(topicFavourite, `(?:내가|제가|나의|내|제) (?:제일|가장)? ?좋아하는 ([\p{Hangul}]{1,6}?)(?:이|은|는|가|을|를)? ?(?:뭐|뭔|무엇|누구|기억|알|맞|말해|\?|$)`),
		ask(topicLike, `(?:내가|제가|나|난|저|전) .{0,6}(?:뭐|뭘|무엇|누굴).{0,6}좋아`),
		askAll(`(?:나|저|내|제)(?:에 ?대해|에 ?관해|한테 ?대해).{0,10}(?:뭐|무엇|아는|알|기억|말해)|(?:나|저|날|절)를? ?(?:아직)? ?(?:기억|알아)(?:해|하|나|\?|요)|내가 (?:뭐라고|무슨 말|말한)`),
		ask(topicOwn, `(?:내|제|우리) ([\p{Hangul} ]{1,12}?)(?:이|은|는|가|을|를)? (?:뭐|뭔|무엇|누구|언제|어디|몇|무슨|기억|알아|알지)`),
	},
	english: {
		ask(topicName, `what(?:'s| is| was) my name|do you (?:know|remember) my name|who am i\b|remember who i am`),
		ask(topicBirthday, `(?:when|what).{0,12} my birthday`),
		ask(topicAge, `how old am i|my age\?`),
		ask(topicHome, `where (?:do i live|am i from|did i come from)`),
		ask(topicJob, `what(?:'s| is) my job|what do i do`),
		ask(topicHobby, `what(?:'s| is| are) my hobb`),
		ask(topicPet, `what pet do i|which animals? do i|what animals? do i`),
		ask(topicFavourite, `(?:what|which|who)(?:'s| is| was| are) my favou?rite (\w+(?: \w+)?)`),
		ask(topicDislike, `what (?:do|don't) i (?:hate|dislike|like least)|what don't i like`),
		ask(topicLike, `what (?:do|did) i (?:say i )?(?:like|love|enjoy)`),
		askAll(`(?:what )?do you (?:know|remember)(?: anything)? about me|remember me|what (?:have|did) i (?:told|tell) you`),
		ask(topicOwn, `(?:what|who|when|where)(?:'s| is| was| are) my ([a-z]+(?:'s [a-z]+)?)`),
	},
	japanese: {
		ask(topicName, `(?:私|僕|俺|わたし)の名前(?:は|を|って|、)?(?:何|なん|覚え|知って|\?|？|$)|(?:私|僕|俺)は(?:誰|だれ)`),
		ask(topicBirthday, `(?:私|僕|俺)の誕生日.{0,4}(?:いつ|覚え)`),
		ask(topicAge, `(?:私|僕|俺)は?(?:何歳|いくつ)`),
		ask(topicHome, `(?:私|僕|俺)は?(?:どこに住)`),
		ask(topicHobby, `(?:私|僕|俺)の趣味.{0,3}(?:何|なん|覚え)`),
		ask(topicFavourite, `(?:私|僕|俺)の?(?:が)?(?:一番)?好きな([^はがを、]{1,8}?)(?:は|って|を)?(?:何|なん|覚え|\?|？)`),
		ask(topicDislike, `(?:私|僕|俺)(?:は|が).{0,3}(?:何|なに).{0,4}(?:嫌い|苦手)`),
		ask(topicLike, `(?:私|僕|俺)(?:は|が).{0,3}(?:何|なに).{0,4}好き`),
		askAll(`(?:私|僕|俺)(?:のこと|について).{0,8}(?:覚え|知って|何)`),
		ask(topicOwn, `(?:私|僕|俺|うち)の([^はがを、]{1,10}?)(?:は|って)(?:何|なん|いつ|誰|どこ|覚え)`),
	},
	chinese: {
		ask(topicName, `我叫什么|我的名字|我是谁`),
		ask(topicLike, `我喜欢什么`),
		askAll(`(?:记得|知道)我`),
	},
}

// askedAbout finds out whether text asks for something that the user told.
func askedAbout(text string, lang language) (query, bool) {
	for _, p := range probes[lang] {
		m := p.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		q := p.query
		if len(m) > 1 {
			q.noun = strings.TrimSpace(m[1])
		}
		switch {
		case q.topic == topicFavourite && lang == korean:
			switch q.noun {
			case "것", "게", "거", "건":
				return query{topic: topicLike}, true
			}
			q.noun = koCategory(q.noun)
		case q.topic == topicFavourite && lang == english:
			q.noun = enCategory(q.noun)
		case q.topic == topicOwn && koNoun[q.noun] != "":
			q = query{topic: koNoun[q.noun]}
		}
		return q, true
	}
	return query{}, false
}

// categories names the nouns of favourites across languages, so that what was told
// in one can be asked in another.
var categories = [][]string{
	{"음식", "food", "食べ物", "食物"}, {"색", "colour", "色", "颜色"}, {"음악", "music", "音楽", "音乐"}, {"영화", "movie", "映画", "电影"},
	{"책", "book", "本", "书"}, {"계절", "season", "季節", "季节"}, {"동물", "animal", "動物", "动物"}, {"게임", "game", "ゲーム", "游戏"},
	{"운동", "sport", "スポーツ", "运动"}, {"과일", "fruit", "果物", "水果"}, {"과목", "subject", "科目", "科目"},
}

// find answers a query from the facts: the value, and the noun in which it is known.
func (fs facts) find(q query) string {
	if v := fs.get(q.topic, q.noun); v != "" {
		return v
	}
	for _, names := range categories {
		for _, n := range names {
			if n != q.noun {
				continue
			}
			for _, other := range names {
				if v := fs.get(q.topic, other); v != "" {
					return v
				}
			}
		}
	}
	// "내 고양이 이름" may have been told as "우리 고양이 이름": the noun is the same;
	// told as "고양이 이름은 나비야" it is not known.
	return ""
}

// recall answers a question about what the user told.
func (t *turn) recall(text string) (string, bool) {
	if !isQuestion(text, t.lang) && !strings.Contains(text, "기억") && !strings.Contains(text, "말해") && t.lang != chinese {
		return "", false
	}
	q, ok := askedAbout(text, t.lang)
	if !ok {
		return "", false
	}
	if q.all {
		return t.recallAll(), true
	}
	v := vars{"label": label(q.topic, q.noun, t.lang), "your": t.your(q.topic), "value": t.known.find(q)}
	if q.topic == topicLike || q.topic == topicDislike {
		v["value"] = enumerate(t.known.all(q.topic), t.lang)
		if q.topic == topicLike && v["value"] == "" {
			v["value"] = t.known.get(topicFavourite, "")
		}
	}
	if v["value"] == "" {
		return t.say(intentRecallNone, v), true
	}
	switch q.topic {
	case topicName:
		name := nameIn(v["value"], t.lang)
		return t.say(intentRecallName, vars{"value": name}), true
	case topicLike:
		return t.say(intentRecallLikes, v), true
	}
	return t.say(intentRecallFact, v), true
}

// recallAll says everything that is known about the user.
func (t *turn) recallAll() string {
	list := factSentences(t.known, t.lang, true, t.who.casual)
	if len(list) == 0 {
		return t.say(intentRecallNone, vars{"label": label(topicName, "", t.lang), "your": t.your(topicName)})
	}
	all := ""
	for _, s := range list {
		all = join(all, s, t.lang)
	}
	return t.say(intentRecallAll, vars{"list": all})
}

// your is the Korean possessive before a topic's label: 네 이름, but 네가 좋아하는 색.
// Polite speech names the user, or leaves it out.
func (t *turn) your(topic topic) string {
	owner, possessor := "네 ", "네가 "
	if !t.who.casual {
		user := t.callUser()
		if user == "" {
			return ""
		}
		owner, possessor = user+" 님의 ", user+" 님이 "
	}
	if topic.isClause() {
		return possessor
	}
	return owner
}

// acknowledge answers facts that the user has just told, the first two of them.
func (t *turn) acknowledge() (string, bool) {
	list := toldIn(t.said, t.askedName())
	var out string
	for i, f := range list {
		if i == 2 {
			break
		}
		v := vars{"value": f.value, "label": label(f.topic, f.noun, t.lang), "your": t.your(f.topic)}
		want := intentToldFact
		switch f.topic {
		case topicName:
			want = intentToldName
		case topicLike:
			want = intentToldLike
		case topicDislike:
			want = intentToldDislike
		}
		s := t.say(want, v)
		if i > 0 && strings.ContainsAny(out, "?？") {
			// One question at a time: the second fact is only noted.
			s = firstStatement(s)
		}
		out = join(out, s, t.lang)
	}
	return out, out != ""
}
