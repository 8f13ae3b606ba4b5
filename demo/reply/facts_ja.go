package reply

import (
	"regexp"
	"strings"
)

var (
	jaName      = regexp.MustCompile(`(?:私|僕|ぼく|俺|おれ|わたし|あたし)?の?名前は\s*([^。、！\s]{1,12}?)(?:です|だよ|だ|といいます|と言います|っていう|$|[。！])|(?:私|僕|俺|わたし)は\s*([^。、！\sは]{1,10}?)(?:といいます|と言います|っていうの|って呼んで|と申します)|^([^。、！\sは]{1,10}?)(?:って呼んで|と呼んで)`)
	jaFavourite = regexp.MustCompile(`好きな([^。、はが]{1,8})は\s*(.{1,16}?)(?:です|だよ|だ|$|[。！])`)
	jaLike      = regexp.MustCompile(`(?:(?:私|僕|俺|わたし)は\s*)?([^。、はが！]{1,14})(?:が|は)(?:とても|すごく|本当に)?(大?好き|嫌い|苦手)`)
	jaHome      = regexp.MustCompile(`([^。、はが\s]{1,10})に住んで`)
	jaAge       = regexp.MustCompile(`(?:私|僕|俺|わたし)は\s*(\d{1,3}歳)`)
	jaOwn       = regexp.MustCompile(`(?:私|僕|俺|わたし|うち)の([^。、はが]{1,10})は\s*(.{1,14}?)(?:です|だよ|だ|$|[。！])`)
	jaYou       = regexp.MustCompile(`^(?:あなた|君|きみ|お前)$`)

	zhName = regexp.MustCompile(`我(?:的名字)?(?:叫|是叫)\s*([^，。！\s什]{1,8})`)
	zhLike = regexp.MustCompile(`我(?:很|最|非常)?(喜欢|爱|讨厌)\s*([^，。！\s你什]{1,10})`)
)

func toldJapanese(s string) []fact {
	if m := jaName.FindStringSubmatch(s); m != nil {
		return []fact{{topic: topicName, value: m[1] + m[2] + m[3]}}
	}
	if m := jaFavourite.FindStringSubmatch(s); m != nil {
		return []fact{{topicFavourite, m[1], m[2]}}
	}
	if m := jaAge.FindStringSubmatch(s); m != nil {
		return []fact{{topic: topicAge, value: m[1]}}
	}
	if m := jaHome.FindStringSubmatch(s); m != nil {
		return []fact{{topic: topicHome, value: m[1]}}
	}
	if m := jaLike.FindStringSubmatch(s); m != nil && !jaYou.MatchString(m[1]) {
		if strings.HasSuffix(m[2], "好き") {
			return []fact{{topic: topicLike, value: m[1]}}
		}
		return []fact{{topic: topicDislike, value: m[1]}}
	}
	if m := jaOwn.FindStringSubmatch(s); m != nil {
		switch m[1] {
		case "趣味":
			return []fact{{topic: topicHobby, value: m[2]}}
		case "誕生日":
			return []fact{{topic: topicBirthday, value: m[2]}}
		case "仕事", "職業":
			return []fact{{topic: topicJob, value: m[2]}}
		}
		return []fact{{topicOwn, m[1], m[2]}}
	}
	return nil
}

func toldChinese(s string) []fact {
	if m := zhName.FindStringSubmatch(s); m != nil {
		return []fact{{topic: topicName, value: m[1]}}
	}
	if m := zhLike.FindStringSubmatch(s); m != nil {
		if m[1] == "讨厌" {
			return []fact{{topic: topicDislike, value: m[2]}}
		}
		return []fact{{topic: topicLike, value: m[2]}}
	}
	return nil
}
