package reply

import (
	"strings"
)

// A story is a plot with slots; {hero}, {place} and {thing} are drawn, {e} is the
// ending that makes Korean and Japanese casual or polite. Each plot has six to ten
// sentences.
type storybook struct {
	heroes, places, things []string
	casual, polite         string // {e}
	plots                  [][]string
	closing                []string // {moral}, the character's own word at the end
	closingPolite          []string
}

var storybooks = map[language]storybook{
	korean: {
		heroes: []string{"꼬마 여우", "작은 등대지기", "겁 많은 호랑이", "구름을 모으는 소녀", "낡은 로봇"},
		places: []string{"바닷가 마을", "달빛 숲", "오래된 기차역", "하늘섬", "눈 덮인 산골"},
		things: []string{"반짝이는 열쇠", "노래하는 조개", "빛바랜 지도", "말하는 시계", "파란 씨앗"},
		casual: "어", polite: "어요",
		plots: [][]string{
			{
				"옛날 옛적에, {place}에 {hero:이} 살았{e}.",
				"{hero:은} 늘 혼자였고, 저녁마다 먼 곳을 바라보며 한숨을 쉬었{e}.",
				"그러던 어느 날, 길가에서 {thing:을} 주웠{e}.",
				"{thing:은} 밤이 되자 작은 목소리로 \"나를 집에 데려다줘.\"라고 말했{e}.",
				"{hero:은} 무서웠지만, 약속을 하고 길을 떠났{e}.",
				"강을 건너고, 안개를 지나고, 폭풍 속에서 밤을 새웠{e}.",
				"포기하고 싶을 때마다 길에서 만난 친구들이 손을 내밀어 주었{e}.",
				"마침내 {thing:이} 집에 닿던 순간, 온 하늘에 별이 쏟아졌{e}.",
				"그날 이후로 {hero:은} 두 번 다시 혼자가 아니었{e}.",
			},
			{
				"{place}에는 이상한 소문이 하나 있었{e}.",
				"자정이 되면 {thing:이} 제 발로 걸어 다닌다는 거였{e}.",
				"아무도 믿지 않았지만, {hero:은} 직접 확인하기로 마음먹었{e}.",
				"불을 끄고 숨을 죽이자, 정말로 또각또각 발소리가 들렸{e}!",
				"{hero:은} 눈을 꼭 감고 살금살금 다가갔{e}.",
				"그런데 손끝에 닿은 건 따뜻하고 말랑한 무언가였{e}.",
				"알고 보니 배고픈 아기 고양이가 {thing:을} 이불 삼아 덮고 다녔던 거였{e}.",
				"{hero:은} 한참을 웃다가, 고양이에게 우유를 나누어 주었{e}.",
			},
			{
				"아주 먼 옛날, {place}에 일 년 내내 겨울만 계속되었{e}.",
				"사람들은 봄이 어떻게 생겼는지도 잊어버렸{e}.",
				"{hero:은} 봄을 찾아오겠다며 {thing} 하나만 들고 집을 나섰{e}.",
				"걷고 또 걷다가, 얼음 동굴에서 잠든 거인을 만났{e}.",
				"거인은 \"내 자장가를 기억하는 이가 없어서 눈을 뜰 수가 없구나.\" 하고 중얼거렸{e}.",
				"{hero:은} 할머니에게 배운 노래를 떨리는 목소리로 불렀{e}.",
				"노래가 끝나자 거인이 기지개를 켰고, 그 숨결에 눈이 녹기 시작했{e}.",
				"돌아오는 길마다 꽃이 피었고, 사람들은 맨발로 뛰어나왔{e}.",
			},
		},
		closing:       []string{"어때, 마음에 들어?", "자, 내 이야기는 여기까지야. 다음엔 네 이야기를 들려줘!"},
		closingPolite: []string{"어떠세요, 마음에 드세요?", "자, 제 이야기는 여기까지예요. 다음엔 들려주셔야 해요!"},
	},
	english: {
		heroes: []string{"a small fox", "an old lighthouse keeper", "a timid tiger", "a girl who collected clouds", "a rusty robot"},
		places: []string{"a village by the sea", "a moonlit forest", "a forgotten railway station", "an island in the sky"},
		things: []string{"a shining key", "a singing shell", "a faded map", "a talking clock"},
		plots: [][]string{
			{
				"Once upon a time, in {place}, there lived {hero}.",
				"Every evening our hero looked out into the distance and sighed.",
				"Then one day, at the side of the road, there lay {thing}.",
				"When night fell, it whispered: \"Take me home.\"",
				"It was frightening, but a promise was made, and the journey began.",
				"They crossed a river, walked through fog, and sat out a storm.",
				"Whenever giving up seemed wise, a new friend held out a hand.",
				"At the very end of the road the whole sky filled with stars.",
				"And from that night on, our hero was never alone again.",
			},
			{
				"There was a strange rumour in {place}.",
				"At midnight, people said, {thing} walked about on its own feet.",
				"Nobody believed it except {hero}, who decided to find out.",
				"The lamp went out, and there it was: tap, tap, tap!",
				"Our hero crept closer with both eyes shut.",
				"But what a fingertip touched was something warm and soft.",
				"It was a hungry kitten that had taken it for a blanket.",
				"They laughed for a long while, and shared a bowl of milk.",
			},
		},
		closing: []string{"Did you like it?", "That's my story. Next time it's your turn!"},
	},
	japanese: {
		heroes: []string{"小さなキツネ", "年老いた灯台守", "臆病なトラ", "さびたロボット"},
		places: []string{"海辺の村", "月明かりの森", "古い駅", "空に浮かぶ島"},
		things: []string{"光る鍵", "歌う貝殻", "色あせた地図", "しゃべる時計"},
		casual: "た", polite: "ました",
		plots: [][]string{
			{
				"昔々、{place}に{hero}が住んでい{e}。",
				"毎晩ひとりで遠くを眺め、ため息をついてい{e}。",
				"ある日、道ばたで{thing}を見つけ{e}。",
				"夜になると、小さな声が聞こえてき{e}。",
				"「家に連れて帰って」という声でし{end}。",
				"怖かったけれど、約束をして旅に出{e}。",
				"あきらめそうになるたびに、新しい友達が助けてくれ{e}。",
				"最後の丘を越えたとき、空いっぱいに星が生まれ{e}。",
				"それからはもう、ひとりの夜はなくなってい{e}。",
			},
			{
				"{place}には不思議なうわさが流れてい{e}。",
				"真夜中に{thing}が歩き出すというのでし{end}。",
				"{hero}は、自分の目で確かめようと決め{e}。",
				"明かりを消すと、本当に足音が聞こえてき{e}！",
				"目を閉じたまま、そっと手を伸ばしてみ{e}。",
				"触れたのは、温かくてやわらかい毛だと気づき{e}。",
				"お腹を空かせた子猫が、毛布にして眠ってい{e}。",
				"ふたりは笑って、ミルクを分け{e}。",
			},
		},
		closing:       []string{"どう、気に入った？", "私の話はここまで。次は君の番だよ！"},
		closingPolite: []string{"いかがでしたか？", "私の話はここまでです。次はあなたの番ですよ！"},
	},
	chinese: {
		heroes: []string{"一只小狐狸", "一个老灯塔守护人"},
		places: []string{"海边的村子", "月光森林"},
		things: []string{"一把发光的钥匙", "一张褪色的地图"},
		plots: [][]string{{
			"很久很久以前，{place}里住着{hero}。",
			"每天晚上，总是一个人望着远方叹气。",
			"有一天，路边出现了{thing}。",
			"到了夜里，它小声说：“请带我回家。”",
			"虽然害怕，旅行还是开始了。",
			"每次想放弃的时候，总有新朋友伸出手来。",
			"走到路的尽头，满天都是星星。",
			"从那以后，再也没有孤单的夜晚了。",
		}},
		closing: []string{"喜欢这个故事吗？"},
	},
}

// story tells one; about, if not empty, is what it is to begin with.
func (t *turn) story(about string) string {
	book := storybooks[t.lang]
	// Asked again, it is another plot: the plots go round with the turns.
	plot := book.plots[(t.seed+uint64(t.number))%uint64(len(book.plots))]
	v := vars{
		"hero":  book.heroes[t.rng.IntN(len(book.heroes))],
		"place": book.places[t.rng.IntN(len(book.places))],
		"thing": book.things[t.rng.IntN(len(book.things))],
		"e":     book.polite,
		"end":   "た",
	}
	closing := book.closing
	if t.who.casual {
		v["e"] = book.casual
	} else if len(book.closingPolite) > 0 {
		closing = book.closingPolite
	}
	told := about
	for _, line := range plot {
		if s, ok := fill(line, v); ok {
			told = join(told, s, t.lang)
		}
	}
	if about != "" {
		return told
	}
	return join(strings.TrimSpace(told), closing[t.rng.IntN(len(closing))], t.lang)
}
