package reply

import (
	"fmt"
	"time"
)

// clock tells the time of day in words that can be spoken.
func clock(now time.Time, lang language) string {
	hour := (now.Hour()+11)%12 + 1
	pm := now.Hour() >= 12
	switch lang {
	case english:
		return now.Format("3:04 pm")
	case japanese:
		return half(pm, "午前", "午後") + fmt.Sprintf("%d時%d分", hour%12, now.Minute())
	case chinese:
		return half(pm, "上午", "下午") + fmt.Sprintf("%d点%d分", hour, now.Minute())
	}
	s := fmt.Sprintf("%s %d시", half(pm, "오전", "오후"), hour)
	if now.Minute() > 0 {
		s += fmt.Sprintf(" %d분", now.Minute())
	}
	return s
}

func half(pm bool, am, afternoon string) string {
	if pm {
		return afternoon
	}
	return am
}

// day tells the date.
func day(now time.Time, lang language) string {
	weekday := int(now.Weekday())
	switch lang {
	case english:
		return now.Format("Monday, January 2")
	case japanese:
		return fmt.Sprintf("%d月%d日%s曜日", now.Month(), now.Day(), string([]rune("日月火水木金土")[weekday]))
	case chinese:
		return fmt.Sprintf("%d月%d号，星期%s", now.Month(), now.Day(), string([]rune("日一二三四五六")[weekday]))
	}
	return fmt.Sprintf("%d월 %d일 %s요일", now.Month(), now.Day(), string([]rune("일월화수목금토")[weekday]))
}
