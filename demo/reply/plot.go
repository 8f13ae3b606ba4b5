package reply

import (
	"strings"
	"unicode/utf8"
)

// plotbook is how a scene goes on from its situation: {opponent} is whom the listener
// faces. Each arc ends where the listener has to speak.
type plotbook struct {
	opponent string // where nobody says who it is
	stop     string // after a situation without one
	arcs     [][]string
}

var plotbooks = map[language]plotbook{
	korean: {
		opponent: "상대", stop: ".",
		arcs: [][]string{
			{
				"주위는 숨소리가 들릴 만큼 조용하고, 당신의 손끝은 조금씩 차가워진다.",
				"{opponent:은} 아직 아무것도 모르는 얼굴이다.",
				"그때 당신의 눈에 구겨진 쪽지 한 장이 들어온다.",
				"'미안해. 오늘까지만 버텨 줘.'라고 적힌 글씨는 틀림없이 {opponent}의 것이다.",
				"왜 이제야 이것을 보게 되었을까, 가슴 한쪽이 내려앉는다.",
				"문밖에서 발소리가 가까워지고, 남은 시간은 이제 거의 없다.",
				"{opponent:이} 천천히 고개를 들어 당신을 바라본다.",
				"쪽지를 쥔 채로, 이제 당신이 먼저 입을 열어야 한다.",
			},
			{
				"창밖에서는 빗소리가 점점 거세지고, 불빛이 한 번 크게 흔들린다.",
				"그 순간 {opponent}의 휴대전화가 울리고, 화면에는 당신의 이름이 떠 있다.",
				"누군가 당신인 척하며 오래전부터 연락을 해 왔다는 뜻이다.",
				"{opponent:은} 당신과 화면을 번갈아 보더니 한 걸음 물러선다.",
				"\"그럼 지금까지 나와 이야기한 사람은 누구였어?\" 떨리는 목소리가 낮게 깔린다.",
				"벨 소리는 멈추지 않고, 복도 끝의 불이 하나씩 꺼지기 시작한다.",
				"믿어 달라고 말할 기회는 지금 한 번뿐이다.",
			},
			{
				"당신은 이 순간을 몇 번이나 머릿속으로 그려 보았지만, 막상 닥치자 아무 말도 떠오르지 않는다.",
				"{opponent:은} 당신에게 하지 못한 이야기를 하나 감추고 있다.",
				"내일 아침이면 이곳을 영영 떠난다는 것, 그리고 그 까닭이 당신이라는 것.",
				"탁자 위에는 한 사람 몫의 표와, 반으로 접힌 사진 한 장이 놓여 있다.",
				"사진 속에서 두 사람은 아직 아무것도 잃지 않은 얼굴로 웃고 있다.",
				"{opponent:이} 표를 집어 들며 묻는다. \"할 말 없으면, 나 이만 갈게.\"",
				"시곗바늘이 자정을 가리키기까지는 겨우 몇 분, 붙잡을지 보낼지는 당신의 다음 한마디에 달렸다.",
			},
		},
	},
	english: {
		opponent: "the other", stop: ".",
		arcs: [][]string{
			{
				"It is so quiet that you can hear yourself breathe, and your fingertips are getting cold.",
				"On the face of {opponent} there is nothing yet but tiredness.",
				"Then you notice a crumpled note, half hidden, where no note should be.",
				"\"I am sorry. Hold out until tonight,\" it says, and you know that handwriting.",
				"Outside, footsteps come closer, and there is hardly any time left.",
				"Slowly {opponent} looks up, at you and at the paper in your hand.",
				"Somebody has to speak first, and it has to be you.",
			},
			{
				"The rain grows louder, and the lights flicker once, and again.",
				"A phone rings, and on its screen, in front of {opponent}, stands your own name.",
				"Somebody has been writing in your place, and for weeks.",
				"You see the step backwards, the glance from the screen to you.",
				"\"Then who was it that I have been talking to?\"",
				"The ringing does not stop, and at the end of the corridor the lamps go out one by one.",
				"You get a single chance to be believed, and it is now.",
			},
			{
				"You have gone through this moment in your head many times, and now there is not a word left.",
				"There is something that {opponent} has not told you: tomorrow morning is the last one here.",
				"On the table lie one ticket, not two, and a photograph folded in half.",
				"In the picture both of you laugh as if nothing had ever been lost.",
				"A hand closes over the ticket. \"If there is nothing that you want to say, I am going.\"",
				"A few minutes until midnight; whether the door opens depends on your next sentence.",
			},
		},
	},
	japanese: {
		opponent: "相手", stop: "。",
		arcs: [][]string{
			{
				"息の音が聞こえるほど静かで、あなたの指先は少しずつ冷えていく。",
				"{opponent}は、まだ何も知らない顔をしている。",
				"そのとき、あなたの目に一枚のくしゃくしゃのメモが入る。",
				"「ごめん。今日までは耐えて」という字は、まちがいなく{opponent}のものだ。",
				"どうして今まで気づかなかったのかと、胸の奥が沈む。",
				"外から足音が近づき、残された時間はもうほとんどない。",
				"{opponent}がゆっくり顔を上げ、あなたを見つめる。",
				"メモを握ったまま、あなたが先に口を開かなければならない。",
			},
			{
				"雨音がしだいに強くなり、明かりが一度大きく揺れる。",
				"{opponent}の電話が鳴り、画面にはあなたの名前が光っている。",
				"誰かがあなたのふりをして、ずっと連絡を取っていたのだ。",
				"{opponent}はあなたと画面を見比べ、一歩あとずさる。",
				"「じゃあ、今まで私が話していたのは誰なの」と、震える声が落ちる。",
				"呼び出し音は止まらず、廊下の明かりが奥から一つずつ消えていく。",
				"信じてもらえる機会は、今この一度しかない。",
			},
		},
	},
	chinese: {
		opponent: "对方", stop: "。",
		arcs: [][]string{
			{
				"四周静得听得见呼吸，你的指尖一点点变冷。",
				"{opponent}的脸上还什么都看不出来。",
				"这时，你看见一张揉皱的纸条。",
				"“对不起，撑到今晚就好。”那字迹分明是{opponent}的。",
				"门外的脚步声越来越近，时间已经不多了。",
				"{opponent}慢慢抬起头，看着你，也看着你手里的纸条。",
				"总得有人先开口，而那个人只能是你。",
			},
			{
				"雨越下越大，灯光猛地晃了一下。",
				"{opponent}的手机响了，屏幕上亮着的却是你的名字。",
				"有人一直在冒充你。",
				"{opponent}看看屏幕，又看看你，退了一步。",
				"“那么，一直和我说话的人是谁？”",
				"铃声没有停，走廊尽头的灯一盏接一盏地灭了。",
				"让人相信你的机会，只有现在这一次。",
			},
		},
	},
}

// situationMost is how much of a situation is told again, in characters.
const situationMost = 240

// plot goes on from a situation, given as it was asked.
func (t *turn) plot(situation, opponent string) string {
	book := plotbooks[t.lang]
	v := vars{"opponent": strings.Join(strings.Fields(opponent), " ")}
	if v["opponent"] == "" {
		v["opponent"] = book.opponent
	}
	told := strings.Join(strings.Fields(situation), " ")
	if utf8.RuneCountInString(told) > situationMost {
		told = firstSentence(told)
	}
	if last, _ := utf8.DecodeLastRuneInString(told); !strings.ContainsRune(".!?。！？…\"”」", last) {
		told += book.stop
	}
	for _, line := range book.arcs[t.seed%uint64(len(book.arcs))] {
		s, _ := fill(line, v) // everything that a line mentions is there
		told = join(told, capitalised(s), t.lang)
	}
	return told
}
