package reply

import (
	"regexp"
	"strings"
)

var (
	enName      = regexp.MustCompile(`(?i:\bmy name(?: is|'s)|\bcall me|\bi go by)\s+([\p{L}][\p{L}'-]*)`)
	enIm        = regexp.MustCompile(`\b(?:[Ii]'m|[Ii] am)\s+([A-Z][\p{L}'-]+)\s*[.!,]?$`)
	enFavourite = regexp.MustCompile(`(?i)\bmy (?:all-time )?favou?rite (\w+(?: \w+)?)(?: is| are|'s)\s+(.+)$`)
	enLike      = regexp.MustCompile(`(?i)\bI (?:really |also |just |absolutely )*(like|love|enjoy|adore|hate|dislike|don't like|do not like|can't stand)s?\s+(.+)$`)
	enHome      = regexp.MustCompile(`(?i)\bI(?:'m| am)? (?:live in|lives in|from|come from|living in)\s+(.+)$`)
	enAge       = regexp.MustCompile(`(?i)\bI(?:'m| am) (\d{1,3})(?: years old| y/?o)?\b`)
	enJob       = regexp.MustCompile(`(?i)\bI(?:'m| am| work as) an? ([a-z]+(?: [a-z]+)?(?:er|or|ist|ian|ent|ant|ess|man|yst|tect|ef|se))\b`)
	enPet       = regexp.MustCompile(`(?i)\bI have (an? (?:\w+ )?(?:cat|dog|hamster|rabbit|turtle|parrot|goldfish|snake|lizard)|(?:two|three|four) (?:cats|dogs|rabbits))`)
	enOwn       = regexp.MustCompile(`(?i)\bmy ([a-z]+(?:'s [a-z]+)?)(?: is|'s)(?: called| named)?\s+(.+)$`)
	enConj      = regexp.MustCompile(`(?i),?\s+(?:and|but)\s+(I |my )`)
)

func toldEnglish(sentence string) []fact {
	var fs []fact
	for _, clause := range strings.Split(enConj.ReplaceAllString(sentence, "\n$1"), "\n") {
		if f, ok := toldEnglishClause(strings.TrimRight(strings.TrimSpace(clause), ".!, ")); ok {
			fs = append(fs, f)
		}
	}
	return fs
}

func toldEnglishClause(s string) (fact, bool) {
	if m := enName.FindStringSubmatch(s); m != nil {
		return fact{topic: topicName, value: m[1]}, true
	}
	if m := enFavourite.FindStringSubmatch(s); m != nil {
		return fact{topicFavourite, enCategory(m[1]), m[2]}, true
	}
	if m := enAge.FindStringSubmatch(s); m != nil {
		return fact{topic: topicAge, value: m[1]}, true
	}
	if m := enHome.FindStringSubmatch(s); m != nil {
		return fact{topic: topicHome, value: m[1]}, true
	}
	if m := enPet.FindStringSubmatch(s); m != nil {
		return fact{topic: topicPet, value: strings.ToLower(m[1])}, true
	}
	if m := enLike.FindStringSubmatch(s); m != nil {
		object := m[2]
		if enListener.MatchString(object) || len(object) > 40 {
			return fact{}, false
		}
		switch strings.ToLower(m[1]) {
		case "like", "love", "enjoy", "adore":
			return fact{topic: topicLike, value: object}, true
		}
		return fact{topic: topicDislike, value: object}, true
	}
	if m := enJob.FindStringSubmatch(s); m != nil {
		return fact{topic: topicJob, value: m[1]}, true
	}
	if m := enOwn.FindStringSubmatch(s); m != nil && len(m[2]) <= 30 {
		switch noun := strings.ToLower(m[1]); noun {
		case "birthday":
			return fact{topic: topicBirthday, value: m[2]}, true
		case "hobby":
			return fact{topic: topicHobby, value: m[2]}, true
		case "job":
			return fact{topic: topicJob, value: m[2]}, true
		default:
			return fact{topicOwn, noun, m[2]}, true
		}
	}
	if m := enIm.FindStringSubmatch(s); m != nil && !enNationality.MatchString(m[1]) {
		return fact{topic: topicName, value: m[1]}, true
	}
	return fact{}, false
}

var (
	enListener    = regexp.MustCompile(`(?i)^(?:you|it|that|this|to |when|how|what)\b`)
	enNationality = regexp.MustCompile(`(?:ese|ean|ish|ican|ian|OK|Ok)$`)
)

func enCategory(s string) string {
	switch s = strings.ToLower(s); s {
	case "color":
		return "colour"
	case "dish", "meal":
		return "food"
	}
	return s
}
