package reply

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// operators in words, by language; the symbol stands for all of them.
var operatorWords = []struct {
	symbol byte
	words  []string
}{
	{'+', []string{"더하기", "플러스", "plus", "足す", "たす", "プラス", "加上", "加"}},
	{'-', []string{"빼기", "마이너스", "minus", "引く", "ひく", "マイナス", "减去", "减"}},
	{'*', []string{"곱하기", "times", "multiplied by", "掛ける", "かける", "乘以", "乘"}},
	{'/', []string{"나누기", "divided by", "割る", "わる", "除以"}},
}

// operatorNames are how an expression is read out.
var operatorNames = map[language]map[byte]string{
	korean:   {'+': " 더하기 ", '-': " 빼기 ", '*': " 곱하기 ", '/': " 나누기 "},
	english:  {'+': " plus ", '-': " minus ", '*': " times ", '/': " divided by "},
	japanese: {'+': "足す", '-': "引く", '*': "掛ける", '/': "割る"},
	chinese:  {'+': "加", '-': "减", '*': "乘", '/': "除以"},
}

// expression is a sum as found in a text.
type expression struct {
	tokens []mathToken
	rest   string // the text around it
}

// mathToken is a number, an operator or a bracket.
type mathToken struct {
	op    byte // 0: a number
	value float64
	text  string
}

// calculate answers sums and counting.
func (t *turn) calculate() (string, bool) {
	if s, ok := t.count(); ok {
		return s, true
	}
	e, ok := findExpression(t.said)
	if !ok || !e.asked() {
		return "", false
	}
	p := mathParser{tokens: e.tokens}
	value, ok := p.sum()
	if !ok || p.pos != len(p.tokens) {
		return "", false
	}
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return t.say(intentNoDivision, nil), true
	}
	return t.say(intentArithmetic, vars{"expression": e.read(t.lang), "number": formatNumber(value)}), true
}

// asked reports whether the text around an expression makes it a question, rather
// than a date (2026-11-24) or a range (3-5시).
func (e expression) asked() bool {
	letters := 0
	for _, r := range e.rest {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters <= 2 || askedSum.MatchString(e.rest)
}

var askedSum = regexp.MustCompile(`(?i)[=?？]|계산|얼마|몇|뭐|답|풀어|what|how much|calculate|solve|いくつ|計算|多少|几`)

// read writes an expression in words.
func (e expression) read(lang language) string {
	var b strings.Builder
	for _, tok := range e.tokens {
		if name := operatorNames[lang][tok.op]; name != "" {
			b.WriteString(name)
			continue
		}
		b.WriteString(tok.text)
	}
	return strings.TrimSpace(b.String())
}

// findExpression finds the first run of numbers, operators and brackets that has an
// operator in it.
func findExpression(text string) (expression, bool) {
	for start := 0; start < len(text); {
		var run []mathToken
		pos, end := start, start
		for pos < len(text) {
			tok, n, ok := nextMath(text[pos:], run)
			if !ok {
				break
			}
			pos += n
			if n > 0 && tok.text != "" {
				run = append(run, tok)
				end = pos
			}
		}
		run = trimOperators(run)
		if hasOperator(run) {
			return expression{run, text[:start] + " " + text[end:]}, true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		start += max(size, end-start)
	}
	return expression{}, false
}

// trimOperators takes off what cannot begin or end a sum.
func trimOperators(run []mathToken) []mathToken {
	for len(run) > 0 && run[len(run)-1].op != 0 && run[len(run)-1].op != ')' {
		run = run[:len(run)-1]
	}
	return run
}

// hasOperator reports whether a run is a sum: an operator with a number before it.
func hasOperator(run []mathToken) bool {
	for i, tok := range run {
		if i > 0 && strings.IndexByte("+-*/", tok.op) >= 0 && tok.op != 0 {
			return true
		}
	}
	return false
}

// nextMath reads a token at the beginning of text; a token without text is space.
func nextMath(text string, before []mathToken) (mathToken, int, bool) {
	r, size := utf8.DecodeRuneInString(text)
	afterNumber := len(before) > 0 && (before[len(before)-1].op == 0 || before[len(before)-1].op == ')')
	switch {
	case unicode.IsSpace(r):
		return mathToken{}, size, len(before) > 0
	case r >= '0' && r <= '9':
		n := len(digits.FindString(text))
		value, err := strconv.ParseFloat(strings.ReplaceAll(text[:n], ",", ""), 64)
		return mathToken{value: value, text: text[:n]}, n, err == nil && !afterNumber
	case r == '(' || r == ')':
		return mathToken{op: byte(r), text: string(r)}, size, (r == ')') == afterNumber
	}
	if afterNumber {
		switch r {
		case '+', '＋':
			return mathToken{op: '+', text: "+"}, size, true
		case '-', '−', '－':
			return mathToken{op: '-', text: "-"}, size, true
		case '*', '×', 'x', 'X', '✕', '∗', '·':
			return mathToken{op: '*', text: "×"}, size, true
		case '/', '÷':
			return mathToken{op: '/', text: "÷"}, size, true
		}
		low := strings.ToLower(text)
		for _, o := range operatorWords {
			for _, w := range o.words {
				if strings.HasPrefix(low, w) {
					return mathToken{op: o.symbol, text: w}, len(w), true
				}
			}
		}
		return mathToken{}, 0, false
	}
	if value, n := wordNumber(text); n > 0 {
		return mathToken{value: value, text: formatNumber(value)}, n, true
	}
	return mathToken{}, 0, false
}

var (
	digits   = regexp.MustCompile(`^\d[\d,]*(?:\.\d+)?`)
	sinoRun  = regexp.MustCompile(`^[영공일이삼사오육칠팔구십백천만]+`)
	kanjiRun = regexp.MustCompile(`^[零〇一二三四五六七八九十百千万]+`)
	enNumber = regexp.MustCompile(`(?i)^(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)\b`)
)

// wordNumber reads a number in words at the beginning of text.
func wordNumber(text string) (value float64, n int) {
	if w := sinoRun.FindString(text); w != "" {
		return sinoValue(w, "영일이삼사오육칠팔구", "십백천만"), len(w)
	}
	if w := kanjiRun.FindString(text); w != "" {
		return sinoValue(w, "零一二三四五六七八九", "十百千万"), len(w)
	}
	if w := enNumber.FindString(text); w != "" {
		for i, name := range strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty") {
			if strings.EqualFold(w, name) {
				return float64(i), len(w)
			}
		}
	}
	return 0, 0
}

// sinoValue reads a number in the Chinese system: 삼십오, 三百二.
func sinoValue(word, digitNames, unitNames string) float64 {
	digits, units := []rune(digitNames), []rune(unitNames)
	var total, section, digit float64
	for _, r := range word {
		for i, d := range digits {
			if r == d {
				digit = float64(i)
			}
		}
		for i, u := range units {
			switch {
			case r != u:
			case i == 3:
				total += max(section+digit, 1) * 10_000
				section, digit = 0, 0
			default:
				section += max(digit, 1) * math.Pow10(i+1)
				digit = 0
			}
		}
	}
	return total + section + digit
}

// mathParser is a recursive-descent parser over tokens.
type mathParser struct {
	tokens []mathToken
	pos    int
}

func (p *mathParser) peek() byte {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos].op
	}
	return 0
}

func (p *mathParser) sum() (float64, bool) {
	value, ok := p.product()
	for ok && (p.peek() == '+' || p.peek() == '-') {
		op := p.peek()
		p.pos++
		var right float64
		if right, ok = p.product(); op == '-' {
			right = -right
		}
		value += right
	}
	return value, ok
}

func (p *mathParser) product() (float64, bool) {
	value, ok := p.factor()
	for ok && (p.peek() == '*' || p.peek() == '/') {
		op := p.peek()
		p.pos++
		var right float64
		if right, ok = p.factor(); op == '*' {
			value *= right
		} else {
			value /= right
		}
	}
	return value, ok
}

func (p *mathParser) factor() (float64, bool) {
	if p.pos >= len(p.tokens) {
		return 0, false
	}
	tok := p.tokens[p.pos]
	p.pos++
	switch tok.op {
	case 0:
		return tok.value, true
	case '(':
		value, ok := p.sum()
		if !ok || p.peek() != ')' {
			return 0, false
		}
		p.pos++
		return value, true
	}
	return 0, false
}

// formatNumber writes a result with at most four decimals.
func formatNumber(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}

// countMost bounds how far the demo counts: a reply is spoken.
const countMost = 30

var countForms = []*regexp.Regexp{
	regexp.MustCompile(`(\d+)\s*(?:부터|에서)\s*(\d+)\s*까지\s*.{0,6}세`),
	regexp.MustCompile(`()(\d+)\s*까지\s*.{0,8}세`),
	regexp.MustCompile(`(?i)\bcount\b(?:.*\bfrom (\d+))?.*\bto (\d+)`),
	regexp.MustCompile(`(?:(\d+)から)?(\d+)まで数え`),
	regexp.MustCompile(`(?:从(\d+))?数到(\d+)`),
}

// count answers a request to count.
func (t *turn) count() (string, bool) {
	for _, form := range countForms {
		m := form.FindStringSubmatch(t.said)
		if m == nil {
			continue
		}
		from, err := strconv.Atoi(m[1])
		if err != nil {
			from = 1
		}
		to, err := strconv.Atoi(m[2])
		if err != nil || to < from {
			return "", false
		}
		to = min(to, from+countMost-1)
		var list []string
		for n := from; n <= to; n++ {
			list = append(list, strconv.Itoa(n))
		}
		sep := ", "
		if t.lang == japanese || t.lang == chinese {
			sep = "、"
		}
		return t.say(intentCount, vars{"list": strings.Join(list, sep)}), true
	}
	return "", false
}
