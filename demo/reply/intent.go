package reply

import (
	"regexp"
	"strings"
)

// intent is what the user wants.
type intent string

const (
	intentHonest      intent = "honest" // is this a real AI? how do I get one?
	intentGreeting    intent = "greeting"
	intentGreetAgain  intent = "greet-again"
	intentMorning     intent = "morning"
	intentNight       intent = "night"
	intentFarewell    intent = "farewell"
	intentThanks      intent = "thanks"
	intentSorry       intent = "sorry"
	intentPraise      intent = "praise"
	intentLove        intent = "love"
	intentInsult      intent = "insult"
	intentBored       intent = "bored"
	intentHungry      intent = "hungry"
	intentTired       intent = "tired"
	intentSad         intent = "sad"
	intentHappy       intent = "happy"
	intentAngry       intent = "angry"
	intentLonely      intent = "lonely"
	intentSick        intent = "sick"
	intentWorried     intent = "worried"
	intentWeather     intent = "weather"
	intentDoing       intent = "doing"
	intentMeal        intent = "meal"
	intentHowAreYou   intent = "how-are-you"
	intentWho         intent = "who"
	intentNobody      intent = "nobody" // intentWho to a character without a name
	intentAge         intent = "age"
	intentHome        intent = "home"
	intentJob         intent = "job"
	intentLikes       intent = "likes"
	intentLikesThat   intent = "likes-that" // do you like {noun}?
	intentLikesThis   intent = "likes-this" // and the character does
	intentDislikes    intent = "dislikes"
	intentNature      intent = "nature" // the character's personality
	intentLooks       intent = "looks"
	intentDream       intent = "dream"
	intentJoke        intent = "joke"
	intentStory       intent = "story"
	intentSong        intent = "song"
	intentRecommend   intent = "recommend"
	intentHelp        intent = "help"
	intentYes         intent = "yes"
	intentNo          intent = "no"
	intentLaugh       intent = "laugh"
	intentCry         intent = "cry"
	intentWhy         intent = "why"
	intentRepeat      intent = "repeat"
	intentContinue    intent = "continue"
	intentSummary     intent = "summary"
	intentTime        intent = "time"
	intentDate        intent = "date"
	intentArithmetic  intent = "arithmetic"
	intentNoDivision  intent = "no-division" // by zero
	intentCount       intent = "count"
	intentToldName    intent = "told-name"
	intentToldLike    intent = "told-like"
	intentToldDislike intent = "told-dislike"
	intentToldFact    intent = "told-fact"
	intentRecallName  intent = "recall-name"
	intentRecallFact  intent = "recall-fact"
	intentRecallLikes intent = "recall-likes"
	intentRecallAll   intent = "recall-all"
	intentRecallNone  intent = "recall-none"
	intentQuestion    intent = "question"  // any other question
	intentStatement   intent = "statement" // any other statement, reflected
	intentTopic       intent = "topic"     // any other, with a word worth taking up
	intentEmpty       intent = "empty"     // nothing to go by
	intentHook        intent = "hook"      // a question that keeps a conversation going
)

// rule says which messages mean an intent.
type rule struct {
	intent  intent
	pattern *regexp.Regexp
}

// when makes a rule of alternative patterns. A space in a pattern matches any
// number of spaces: people put them where they like.
func when(i intent, patterns ...string) rule {
	all := strings.ReplaceAll(strings.Join(patterns, "|"), " ", `\s*`)
	return rule{i, regexp.MustCompile(`(?i)` + all)}
}

// rules are tried in order: what is more particular stands before what is more
// general, a question about the character before the feeling it mentions.
var rules = map[language][]rule{
	korean: {
		when(intentHonest, `(?:진짜|실제|혹시|너|넌|당신).*(?:AI|에이아이|인공지능|사람이|인간이|로봇|봇이|챗봇|기계)`, `(?:AI|인공지능|로봇|챗봇|사람|인간)(?:이야|야|이니|니|이에요|예요|인가|입니까|맞)`, `데모`, `(?:올라마|ollama|LLM|언어 ?모델|무슨 모델|어떤 모델|GPT)`),
		when(intentSummary, `(?:대화|얘기|이야기|지금까지|내용).*(?:요약|정리)`, `요약 (?:해|좀|부탁)`),
		when(intentRepeat, `(?:다시|한 번 더) (?:말|얘기|이야기)`, `뭐라고\s*(?:했|\?)`, `못 들었`),
		when(intentContinue, `^(?:계속|더|그 ?다음|이어서|그래서\?)`, `(?:더|계속|이어서) (?:해 ?줘|말해|얘기해|이야기해|들려|해 ?주세요)`),
		when(intentStory, `(?:이야기|얘기|동화|옛날이야기|썰|스토리) ?(?:하나만?|한 ?편만?|좀|를|을)? ?(?:더)? ?(?:해|들려|말해|만들|써|지어|풀어)`, `(?:이야기|동화|스토리) ?(?:듣고|듣고싶)`, `옛날 ?이야기`),
		when(intentJoke, `농담`, `개그`, `웃긴 (?:얘기|이야기|거|말)`, `웃겨 (?:줘|봐|주세요)`, `유머`, `재밌는 (?:얘기|이야기|거|말)`),
		when(intentSong, `노래 (?:를|좀|하나|한 곡)? ?(?:불러|들려|해)`, `시 (?:를|좀|하나|한 편) ?(?:써|지어|읊)`),
		when(intentTime, `몇 시`, `시간이? (?:어떻게|몇)`, `지금 시간`, `지금 시각`),
		when(intentDate, `며칠`, `몇 월`, `무슨 요일`, `날짜`, `오늘 요일`),
		when(intentWho, `(?:너|넌|네|니|당신|자기).{0,8}(?:누구|이름)`, `^누구`, `자기 ?소개`, `이름이? ?(?:뭐|뭔|무엇|어떻게)`, `(?:너|당신)(?:에 대해|에 대해서|를|을) ?(?:말|알|소개|얘기)`, `뭐 하는 (?:사람|캐릭터|애)`),
		when(intentAge, `몇 살`, `(?:나이|연세)(?:가|는|를)? ?(?:어떻게|몇|뭐|알려|말해)`),
		when(intentHome, `어디 ?(?:에)? ?(?:살|사세요|사니|사는|서 살)`, `(?:고향|사는 곳)(?:이|은)? ?(?:어디|뭐)`, `어디서 왔`),
		when(intentJob, `직업이?`, `무슨 ?일 ?(?:해|하세요|하니|하는|하고)`, `하는 ?일이? ?뭐`),
		when(intentDislikes, `(?:뭐|뭘|무엇|무슨|어떤|게|것|거|음식).{0,8}싫어`, `싫어하는 .{0,8}(?:뭐|있|알려|말해|\?)`, `(?:너|넌|당신).{0,8}싫어`),
		when(intentLikes, `(?:뭐|뭘|무엇|무슨|어떤).{0,10}좋아`, `좋아하는 .{0,8}(?:뭐|있|알려|말해|누구|\?)`, `취미가? ?(?:뭐|있|어떻게)`, `(?:너|넌|당신)(?:도|은|는)? .{0,12}좋아(?:해|하니|하세요|해요|합니까)\s*\?`, `^[\p{Hangul} ]{1,12}좋아(?:해|하니|하세요|해요|하냐)\s*\?`),
		when(intentNature, `성격`, `어떤 ?(?:사람|캐릭터|애|아이|분)`, `장점|단점`),
		when(intentLooks, `(?:어떻게|뭐처럼) ?생겼`, `외모`, `키가? ?(?:몇|어떻게|얼마)`, `머리 ?(?:색|스타일)`, `무슨 ?옷`),
		when(intentDream, `꿈이? ?(?:뭐|있|무엇)`, `소원`, `목표가?`, `무슨 ?생각`, `되고 ?싶`),
		when(intentLove, `사랑해`, `(?:널|너를|네가|너|니가|당신을|당신이) ?(?:정말|진짜|너무|많이)? ?(?:좋아|사랑|보고 ?싶)`, `결혼 ?(?:해|하자)`, `사귀자|사귈래`),
		when(intentMorning, `좋은 ?아침`, `굿 ?모닝`, `잘 ?잤`, `일어났`),
		when(intentNight, `잘 ?자(?:$|[^라])`, `굿 ?나잇`, `안녕히 ?주무`, `자러 ?(?:갈|가)`, `이제 ?잘(?:게|래|거)`),
		when(intentFarewell, `잘 ?(?:가|있어)`, `안녕히 ?(?:가|계)`, `또 ?(?:봐|보자|만나|올게|뵈)`, `다음에 ?(?:봐|보자|또)`, `(?:이만|나) ?갈게`, `바이바이|^바이|빠이`, `가 ?봐야`, `끊을게`),
		when(intentHowAreYou, `(?:잘|어떻게) ?지(?:내|냈)`, `기분이? ?(?:어때|어떠|어떤|좋아\?)`, `오늘 ?(?:하루)? ?어땠`, `컨디션`, `(?:너|넌|당신은) ?(?:괜찮|어때|행복|슬퍼|외로)`),
		when(intentGreeting, `^(?:안녕|하이|헬로|헬로우|방가|반가|반갑|처음 ?뵙|여보세요|ㅎㅇ|야호|저기요|거기 ?누구)`, `(?:안녕하세요|안녕하십니까|만나서 ?반가)`),
		when(intentThanks, `고마|감사|땡큐|ㄱㅅ`),
		when(intentSorry, `미안|죄송|사과할게|잘못했`),
		when(intentInsult, `바보|멍청|싫어[!.]*$|재미 ?없|노잼|꺼져|짜증 ?나게|못생|닥쳐|시끄러|조용히 ?(?:해|좀)|한심`),
		when(intentTired, `피곤|졸려|졸리|힘들|지쳤|지쳐|녹초|귀찮|잠이? ?(?:와|온)|야근`),
		when(intentSick, `아파|아프|감기|두통|배탈|열이 ?나|몸살|병원|다쳤`),
		when(intentLonely, `외로|쓸쓸|혼자(?:야|라|인|예)|친구가? ?없`),
		when(intentSad, `슬퍼|슬프|우울|속상|눈물|울었|울고|망했|망쳤|실패|떨어졌|헤어졌|차였|서운|상처|후회`),
		when(intentAngry, `화나|화가|열받|빡|짜증|분해|억울|어이 ?없`),
		when(intentHungry, `배고|배가 ?고|뭐 ?먹지|출출|먹고 ?싶`),
		when(intentMeal, `밥 ?(?:은)? ?먹었`, `(?:점심|저녁|아침)(?:은|을)? ?(?:먹|드셨|했)`, `식사 ?(?:는|했|하셨)`, `뭐 ?먹`),
		when(intentBored, `심심|지루|할 ?(?:일|거|게)(?:이|가)? ?없|놀자|놀아 ?줘`),
		when(intentWeather, `날씨|비가? ?(?:와|오네|온다|오니|올까|내려|오는)|눈이? ?(?:와|오네|온다|내려)|더워|더운|추워|춥|덥|미세 ?먼지|우산|태풍|화창|맑`),
		when(intentHappy, `행복|신나|신난|기뻐|기쁘|최고야|좋은 ?(?:일|날)|합격|성공|이겼|붙었|축하|생일이야|좋아[!~.]*$|기분이? ?좋`),
		when(intentWorried, `걱정|불안|긴장|떨려|떨린|초조|무서|두려|고민|시험|면접|발표|마감`),
		when(intentPraise, `귀여|귀엽|예쁘|예뻐|멋있|멋져|멋지|똑똑|대단|착하|잘 ?(?:한다|했어|하네|하는데)|최고|짱|천재|재밌|재미있|목소리(?:가)? ?(?:좋|예)`),
		when(intentDoing, `뭐 ?(?:해|하니|하고|하세요|하는 ?중|했)`, `뭘 ?하`),
		when(intentRecommend, `추천`, `뭐 ?(?:하지|볼까|할까|하면 ?좋)`, `골라`, `뭐가 ?(?:좋을|나을)`),
		when(intentHelp, `도와|도움|어떻게 ?(?:해야|하면|하지)|조언|알려 ?(?:줘|주세요)|가르쳐`),
		when(intentWhy, `^왜`, `^어째서`, `이유가`),
		when(intentLaugh, `^[ !~.]*[ㅋㅎ하호히헤크큭풉][ㅋㅎㅍㄱ하호히헤크큭풉 !~.]*$`),
		when(intentCry, `^[ !~.]*[ㅠㅜ흑엉][ㅠㅜ흑엉 !~.]*$`),
		when(intentYes, `^(?:응|어|그래|네|예|넵|맞아|맞아요|좋아|좋아요|그럼|당연하지|ㅇㅇ|ㅇㅋ|오케이|알았어|알겠어|알겠습니다|그렇구나|그렇군요)(?:[!~., ]|$)`),
		when(intentNo, `^(?:아니|아니요|아뇨|싫어|안 ?돼|ㄴㄴ|별로|노|됐어|글쎄|모르겠|몰라)(?:[!~., ]|$|어|요|야)`),
	},
	english: {
		when(intentHonest, `\b(?:are|r) (?:you|u) (?:a |an )?(?:real|actual(?:ly)?|really|human|bot|robot|ai|machine|person|chatgpt|llm|demo)\b`, `\bdemo\b`, `\bollama\b`, `\b(?:language model|which model|what model|llm|gpt)\b`),
		when(intentSummary, `\bsummar(?:y|ise|ize)\b`, `\brecap\b`),
		when(intentRepeat, `\b(?:say|tell me) (?:that|it) again\b`, `\brepeat\b`, `^(?:what|pardon|sorry|huh)\?+$`),
		when(intentContinue, `^(?:go on|continue|more|and then|keep going|what happened next)\b`),
		when(intentStory, `\b(?:tell|write|make up|read|hear|know|want)\b.*\bstor(?:y|ies)\b`, `\bstory (?:please|time)\b`, `\bfairy tale\b`),
		when(intentJoke, `\bjokes?\b`, `\bmake me laugh\b`, `\bsomething funny\b`),
		when(intentSong, `\bsing\b`, `\b(?:write|recite)\b.*\bpoem\b`, `\bpoem\b`),
		when(intentTime, `\bwhat(?:'s| is) the time\b`, `\bwhat time is it\b`, `\btime is it\b`),
		when(intentDate, `\bwhat(?:'s| is) (?:the|today's) date\b`, `\b(?:what|which) day\b`),
		when(intentWho, `\bwho are you\b`, `\byour name\b`, `\bintroduce yourself\b`, `\btell me (?:more )?about (?:you|yourself)\b`),
		when(intentAge, `\bhow old are you\b`, `\byour age\b`),
		when(intentHome, `\bwhere (?:do you live|are you from|do you come from)\b`),
		when(intentJob, `\bwhat do you do\b(?:.*\bliving\b|\?)`, `\byour job\b`, `\bdo you work\b`),
		when(intentDislikes, `\bwhat (?:do|don't) you (?:hate|dislike|not like|like least)\b`, `\bwhat don't you like\b`, `\bdo you hate\b`),
		when(intentLikes, `\bwhat(?:'s| is)? (?:do you|are your|your) .*(?:like|love|hobb|favou?rite)`, `\bdo you (?:like|love|enjoy)\b`, `\byour (?:favou?rite|hobb)`, `\bwhat do you (?:like|enjoy|love)\b`),
		when(intentNature, `\b(?:your personality|what are you like|kind of person)\b`),
		when(intentLooks, `\bwhat do you look like\b`, `\bhow tall\b`, `\byour (?:hair|eyes|looks)\b`),
		when(intentDream, `\byour (?:dream|wish|goal)\b`, `\bwhat do you think\b`, `\bwhat are you thinking\b`),
		when(intentLove, `\bi (?:really )?(?:love|like|miss|adore) you\b`, `\bmarry me\b`),
		when(intentMorning, `\bgood morning\b`),
		when(intentNight, `\bgood ?night\b`, `\bgoing to (?:bed|sleep)\b`),
		when(intentFarewell, `\b(?:good)?bye\b`, `\bsee (?:you|ya)\b`, `\bgotta go\b`, `\bi have to go\b`, `\bfarewell\b`, `\btalk later\b`),
		when(intentHowAreYou, `\bhow(?:'s| is| are) (?:you|it going|things|life|your day)\b`, `\bhow do you (?:feel|do)\b`, `\bare you (?:ok|okay|happy|sad|lonely|well|fine)\b`, `\bwhat's up\b`),
		when(intentGreeting, `^(?:hi|hello|hey|howdy|yo|greetings|good (?:afternoon|evening))\b`, `\bnice to meet you\b`),
		when(intentThanks, `\bthank(?:s| you)\b`, `\bthx\b`, `\bcheers\b`),
		when(intentSorry, `\b(?:i'm|i am|so|really) sorry\b`, `^sorry\b`, `\bapologi[sz]e\b`),
		when(intentInsult, `\b(?:stupid|idiot|dumb|boring|shut up|ugly|you suck|hate you|useless)\b`),
		when(intentTired, `\b(?:tired|exhausted|sleepy|worn out|overworked)\b`),
		when(intentSick, `\b(?:sick|ill|headache|fever|a cold|hurts?|flu)\b`),
		when(intentLonely, `\b(?:lonely|alone|no friends)\b`),
		when(intentSad, `\b(?:sad|unhappy|depressed|cried|crying|failed|heartbroken|upset|broke up|lost my)\b`),
		when(intentAngry, `\b(?:angry|furious|mad|annoyed|annoying|unfair)\b`),
		when(intentHungry, `\b(?:hungry|starving|want to eat)\b`),
		when(intentMeal, `\b(?:have|did) you (?:eat|eaten|had|have)\b`, `\b(?:breakfast|lunch|dinner)\b`),
		when(intentBored, `\bbored\b`, `\bnothing to do\b`, `\blet's play\b`),
		when(intentWeather, `\b(?:weather|raining|rainy|rain|snow|snowing|sunny|umbrella|cold outside|hot outside|hot today|cold today)\b`),
		when(intentHappy, `\b(?:happy|excited|great news|glad|passed|won|got the job|my birthday)\b`),
		when(intentWorried, `\b(?:worried|anxious|nervous|scared|afraid|exam|interview|deadline|presentation)\b`),
		when(intentPraise, `\b(?:cute|smart|clever|awesome|amazing|funny|beautiful|pretty|nice voice|well done|good job|brilliant)\b`),
		when(intentDoing, `\bwhat are you (?:doing|up to)\b`, `\bwhat did you do\b`),
		when(intentRecommend, `\brecommend\b`, `\bsuggest\b`, `\bwhat should i\b`),
		when(intentHelp, `\bhelp\b`, `\badvice\b`, `\bhow (?:do|can|should) i\b`),
		when(intentWhy, `^why\b`),
		when(intentLaugh, `^(?:(?:ha|he)+h?|lol|lmao|rofl)[!. ]*$`),
		when(intentCry, `^(?:t_t|;_;|:'?\()+[!. ]*$`),
		when(intentYes, `^(?:yes|yeah|yep|sure|ok|okay|right|exactly|i see|of course|fine)\b`),
		when(intentNo, `^(?:no|nope|nah|not really|never|i don't know|dunno)\b`),
	},
	japanese: {
		when(intentHonest, `(?:本物|本当に|あなたは|君は)?.*(?:AI|エーアイ|人工知能|人間|ロボット|ボット)(?:です|な|なの|ですか|か|？|\?)`, `デモ`, `ollama|オラマ|LLM|言語モデル|どのモデル`),
		when(intentSummary, `要約|まとめて`),
		when(intentRepeat, `もう一度(?:言|話)|もう一回言|なんて言った|聞こえな`),
		when(intentContinue, `^(?:続き|続けて|それで|もっと)`),
		when(intentStory, `(?:お?話|物語|昔話|ストーリー).{0,4}(?:して|聞かせて|作って|聞きたい|語って)`),
		when(intentJoke, `冗談|ジョーク|笑わせて|面白い(?:話|こと)|ギャグ`),
		when(intentSong, `歌(?:って|を歌)|詩を`),
		when(intentTime, `何時`),
		when(intentDate, `何日|何曜日|何月|日付`),
		when(intentWho, `(?:あなた|君|きみ|お前).{0,6}(?:誰|だれ|名前)`, `^(?:誰|だれ)`, `自己紹介`, `お?名前は(?:何|なん|？|\?|$|教えて)`, `(?:あなた|君)(?:について|のこと)`),
		when(intentAge, `何歳|おいくつ|いくつ(?:ですか|なの)`),
		when(intentHome, `どこに住|出身`),
		when(intentJob, `仕事は(?:何|なん)|職業|何をしている人`),
		when(intentDislikes, `(?:何|なに|なん).{0,6}(?:嫌い|苦手)|(?:嫌い|苦手)な.{1,6}は`),
		when(intentLikes, `(?:何|なに|なん).{0,6}好き|好きな.{1,8}は(?:何|なん|？|\?|ある)|趣味は(?:何|なん|？|\?|ある)|.{1,10}(?:は|が)?好き(?:ですか|なの)?[?？]`),
		when(intentNature, `性格|どんな人`),
		when(intentLooks, `見た目|身長|髪`),
		when(intentDream, `夢は|願い|何を考え|どう思う`),
		when(intentLove, `愛して|(?:君|あなた|きみ)(?:が|のこと).*好き|大好きだよ|結婚して`),
		when(intentMorning, `おはよ`),
		when(intentNight, `おやすみ|もう寝る`),
		when(intentFarewell, `さようなら|さよなら|またね|じゃあね|バイバイ|また明日`),
		when(intentHowAreYou, `元気|調子は|気分は`),
		when(intentGreeting, `^(?:こんにち|こんばん|やあ|はじめまして|もしもし|どうも|ハロー)`),
		when(intentThanks, `ありがと|感謝|サンキュー`),
		when(intentSorry, `ごめん|すみません|申し訳`),
		when(intentInsult, `ばか|バカ|馬鹿|つまらない|うるさい|黙`),
		when(intentTired, `疲れ|眠い|しんどい|だるい|残業`),
		when(intentSick, `痛い|風邪|熱が|病院`),
		when(intentLonely, `寂し|さびし|ひとりぼっち`),
		when(intentSad, `悲し|落ち込|泣い|失敗|振られ|つらい|辛い`),
		when(intentAngry, `怒|腹が立|ムカつ|イライラ`),
		when(intentHungry, `お腹(?:が)?(?:す|空)|腹減|食べたい`),
		when(intentMeal, `ご飯.*食べた|朝ご飯|昼ご飯|晩ご飯|夕食|昼食`),
		when(intentBored, `暇|退屈|遊ぼ`),
		when(intentWeather, `天気|雨|雪が|暑い|寒い|傘`),
		when(intentHappy, `嬉し|うれし|楽し|幸せ|合格|やった`),
		when(intentWorried, `心配|不安|緊張|怖い|試験|面接|テスト|締め切り`),
		when(intentPraise, `かわいい|可愛い|すごい|かっこいい|賢い|上手|きれい|面白い`),
		when(intentDoing, `何(?:を)?して`),
		when(intentRecommend, `おすすめ|オススメ|何をしよう|どれがいい`),
		when(intentHelp, `助けて|手伝って|どうすれば|教えて`),
		when(intentWhy, `^(?:なぜ|なんで|どうして)`),
		when(intentLaugh, `^[!！ ]*[w笑ｗハは][w笑ｗハはアァあっッ!！ ]*$`),
		when(intentYes, `^(?:うん|はい|そう|ええ|もちろん|いいよ|わかった|なるほど)`),
		when(intentNo, `^(?:いや|いいえ|違う|ううん|嫌|わからない|知らない)`),
	},
	chinese: {
		when(intentHonest, `(?:AI|人工智能|机器人|真人)|演示|ollama|模型`),
		when(intentSummary, `总结|概括`),
		when(intentStory, `故事`),
		when(intentJoke, `笑话`),
		when(intentTime, `几点`),
		when(intentDate, `几号|星期几|几月`),
		when(intentWho, `你是谁|你叫什么|自我介绍|你的名字`),
		when(intentLikes, `你喜欢`),
		when(intentLove, `我爱你|我喜欢你`),
		when(intentNight, `晚安`),
		when(intentFarewell, `再见|拜拜`),
		when(intentHowAreYou, `你好吗|怎么样`),
		when(intentGreeting, `^(?:你好|您好|嗨|早上好)`),
		when(intentThanks, `谢谢|感谢`),
		when(intentSad, `难过|伤心|累|生病`),
		when(intentWeather, `天气|下雨`),
	},
}

// intentOf is the first rule's intent that text matches.
func intentOf(text string, lang language) (intent, bool) {
	for _, r := range rules[lang] {
		if r.pattern.MatchString(text) {
			return r.intent, true
		}
	}
	return "", false
}
