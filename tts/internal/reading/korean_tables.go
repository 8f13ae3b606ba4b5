package reading

var (
	koDigits = [10]string{"영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"}
	koOnes   = [10]string{"", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"}
	koTens   = [10]string{"", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"}
	// koAbout is how neighbouring native numerals are said together: 1~2 is 한두.
	koAbout = [10]string{"", "한두", "두세", "서너", "네다섯", "대여섯", "예닐곱", "일고여덟", "여덟아홉", ""}
	// koAboutSino is the same for Sino-Korean numerals, 5~6 with its own sound.
	koAboutSino = [10]string{"", "", "이삼", "삼사", "사오", "오륙", "육칠", "칠팔", "팔구", ""}

	koRanks = [5]string{"", "첫", "둘", "셋", "넷"}

	koLetters = [26]string{"에이", "비", "씨", "디", "이", "에프", "지", "에이치", "아이", "제이", "케이", "엘", "엠",
		"엔", "오", "피", "큐", "알", "에스", "티", "유", "브이", "더블유", "엑스", "와이", "제트"}

	koJamo = map[rune]string{'ㄱ': "기역", 'ㄴ': "니은", 'ㄷ': "디귿", 'ㄹ': "리을", 'ㅁ': "미음", 'ㅂ': "비읍", 'ㅅ': "시옷",
		'ㅇ': "이응", 'ㅈ': "지읒", 'ㅊ': "치읓", 'ㅋ': "키읔", 'ㅌ': "티읕", 'ㅍ': "피읖", 'ㅎ': "히읗", 'ㄲ': "쌍기역", 'ㄸ': "쌍디귿",
		'ㅃ': "쌍비읍", 'ㅆ': "쌍시옷", 'ㅉ': "쌍지읒", 'ㅏ': "아", 'ㅑ': "야", 'ㅓ': "어", 'ㅕ': "여", 'ㅗ': "오", 'ㅛ': "요", 'ㅜ': "우",
		'ㅠ': "유", 'ㅡ': "으", 'ㅣ': "이", 'ㅐ': "애", 'ㅔ': "에", 'ㅒ': "얘", 'ㅖ': "예", 'ㅘ': "와", 'ㅙ': "왜", 'ㅚ': "외", 'ㅝ': "워",
		'ㅞ': "웨", 'ㅟ': "위", 'ㅢ': "의"}

	// koChat is what chat writes in initial consonants and says in full.
	koChat = map[string]string{"ㅇㅇ": "응", "ㅇㅋ": "오케이", "ㄴㄴ": "아니", "ㄱㅅ": "감사", "ㅈㅅ": "죄송", "ㅊㅋ": "축하", "ㄱㄱ": "고고",
		"ㅎㅇ": "하이", "ㅂㅂ": "바이바이", "ㅂㅇ": "바이", "ㅇㅈ": "인정", "ㅅㄱ": "수고"}

	// koHanja are the characters that newspapers put for a word, one by itself.
	koHanja = map[rune]string{'韓': "한", '美': "미", '中': "중", '日': "일", '北': "북", '南': "남", '英': "영", '獨': "독", '佛': "불",
		'露': "러", '男': "남", '女': "여", '前': "전", '後': "후", '新': "신", '舊': "구", '大': "대", '小': "소", '故': "고", '與': "여",
		'野': "야", '株': "주", '東': "동", '西': "서", '上': "상", '下': "하", '對': "대", '全': "전", '現': "현", '李': "이", '金': "김",
		'朴': "박", '反': "반", '親': "친", '無': "무", '非': "비"}
)

// counting says which numerals a counter takes.
type counting uint8

const (
	sino    counting = iota // 일, 이, 삼
	native                  // 한, 두, 세
	hours                   // 시: native up to twelve
	lengths                 // 시간: native up to twenty
	months                  // 월: 유월 and 시월
	times                   // 번: how often is native, which one is Sino-Korean
	ordinal                 // 번째: 첫 번째
	ranked                  // 째: 첫째
	people                  // 분: minutes, unless someone is honoured
	decades                 // 대: 20대 is an age, 자동차 3대 are cars
	nights                  // 박: 일박 이일
	weeks                   // 주일: 일주일
)

type koCounter struct {
	name []rune
	kind counting
}

// koCounters are found by their first syllable, the longest first.
var koCounters = indexCounters(map[counting]string{
	native: `개 명 마리 살 권 잔 병 채 그루 송이 켤레 벌 장 장면 자루 알 쌍 판 곳 군데 가지 달 사람 척 통 줄 접시 그릇 모금 방울
		조각 숟갈 숟가락 스푼 컵 상자 박스 봉지 봉 팩 캔 다발 바퀴 걸음 발 발자국 발짝 마디 차례 배 끼 건 편 곡 문제 포기 톨 뿌리
		근 팀 종류 단어 글자 문장 칸 경기 세트 손가락 갈래 꼬집 움큼 방 표 골 자리 모 토막 덩어리 묶음 꾸러미 가닥 가구 시간대
		과목 아름 걸 겹 타래`,
	sino: `개월 개국 개년 개소 년 년도 년대 주년 일 일간 일차 주 주간 주차 분간 분기 초 세 세기 세대 원 달러 엔 유로 위안 파운드 도 점
		층 호 호선 호실 호기 동 등 등급 등분 위 급 회 회차 차 학년 학기 반 페이지 쪽 번지 번길 번호 인 인분 인용 인조 평 퍼센트 프로
		킬로 킬로미터 킬로그램 미터 센티 센티미터 밀리미터 그램 톤 리터 밀리리터 메가 기가 기가바이트 메가바이트 볼트 와트 헤르츠
		칼로리 픽셀 배속 단계 부 부작 탄 화 막 장조 행 열 항 절 촌 차원 성 성급 단 기통 마력 라운드 강 차전 연승 연패 관왕 교시
		기 인치 피트 마일 박자 이닝`,
	hours: "시", lengths: "시간", months: "월", times: "번", ordinal: "번째", ranked: "째",
	people: "분", decades: "대", nights: "박", weeks: "주일",
})

func indexCounters(names map[counting]string) map[rune][]koCounter {
	index := make(map[rune][]koCounter)
	for kind, list := range names {
		for name := range wordSet(list) {
			c := koCounter{[]rune(name), kind}
			at := index[c.name[0]]
			i := 0
			for i < len(at) && len(at[i].name) >= len(c.name) {
				i++
			}
			at = append(at, koCounter{})
			copy(at[i+1:], at[i:])
			at[i] = c
			index[c.name[0]] = at
		}
	}
	return index
}

// koParticle holds the first syllables of what may follow a noun directly.
var koParticle = runeSet("을를이가은는의에도만와과로으부까마씩째정쯤동간나라면보밖처조들뿐였인입예야다짜당전후반내중대여랑하한할치죠지요였네고")

func runeSet(s string) map[rune]bool {
	set := make(map[rune]bool)
	for _, r := range s {
		set[r] = true
	}
	return set
}

// koScales are the syllables that multiply the number in front of them.
func koScale(r rune) bool {
	switch r {
	case '십', '백', '천', '만', '억', '조', '경':
		return true
	}
	return false
}

// koNoScale are words that only look like a scale behind a number.
var koNoScale = []string{"조각", "조개", "조건", "조사", "조금", "조합", "경기", "경우", "만큼", "만두", "만화", "만남", "천사", "천왕", "백화", "십자"}

// koWords are Latin words, in lower case, whose Korean form everybody uses; the rest
// stays Latin, since GPT-SoVITS reads English words inside Korean.
var koWords = map[string]string{
	"3d": "쓰리디", "2d": "투디", "4d": "포디", "1d": "원디", "4k": "포케이", "8k": "에이트케이", "2k": "투케이", "5g": "파이브지", "4g": "포지", "3g": "쓰리지",
	"mp3": "엠피쓰리", "mp4": "엠피포", "a4": "에이포", "a3": "에이쓰리", "co2": "씨오투", "h2o": "에이치투오", "o2": "오투", "b2b": "비투비",
	"b2c": "비투씨", "p2p": "피투피", "ps4": "피에스포", "ps5": "피에스파이브", "f1": "에프원", "g7": "지세븐", "g20": "지이십", "t1": "티원",
	"r&b": "알앤비", "q&a": "큐앤에이", "a/s": "에이에스", "m&a": "엠앤에이", "c++": "씨 플러스 플러스", "c#": "씨샵",
	"24/7": "이십사 시간 내내", "r&d": "알앤디", "d&d": "디앤디", "b&b": "비앤비", "n/a": "없음", "and/or": "또는",
	"ok": "오케이", "okay": "오케이", "wi-fi": "와이파이", "wifi": "와이파이", "k-pop": "케이팝", "kpop": "케이팝", "k-drama": "케이드라마",
	"j-pop": "제이팝", "tv": "티브이", "e-mail": "이메일", "email": "이메일", "e-book": "이북", "x-ray": "엑스레이", "t-shirt": "티셔츠",
	"nasa": "나사", "nato": "나토", "unesco": "유네스코", "unicef": "유니세프", "fifa": "피파", "opec": "오펙", "ikea": "이케아",
	"covid": "코비드", "covid-19": "코비드 십구", "asean": "아세안", "apec": "에이펙", "kaist": "카이스트", "posco": "포스코", "toeic": "토익",
	"toefl": "토플", "sony": "소니", "lego": "레고", "laser": "레이저", "ram": "램", "rom": "롬", "sim": "심", "pin": "핀", "gif": "지프",
	"jpeg": "제이펙", "asmr": "에이에스엠알", "mbti": "엠비티아이", "diy": "디아이와이", "vs": "대", "no.1": "넘버원",
	"youtube": "유튜브", "google": "구글", "instagram": "인스타그램", "facebook": "페이스북", "twitter": "트위터", "netflix": "넷플릭스",
	"tiktok": "틱톡", "iphone": "아이폰", "ipad": "아이패드", "macbook": "맥북", "android": "안드로이드", "samsung": "삼성", "naver": "네이버",
	"kakao": "카카오", "kakaotalk": "카카오톡", "openai": "오픈에이아이", "chatgpt": "챗지피티", "github": "깃허브", "python": "파이썬",
	"java": "자바", "javascript": "자바스크립트", "linux": "리눅스", "windows": "윈도우", "discord": "디스코드",
	"bluetooth": "블루투스", "ai": "에이아이",
}
