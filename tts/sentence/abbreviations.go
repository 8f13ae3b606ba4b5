package sentence

import "strings"

// abbreviation is what the full stop behind a Latin word may be.
type abbreviation uint8

const (
	// word: an ordinary word; its full stop ends the sentence.
	word abbreviation = iota
	// title: a name or more always follows (Dr., e.g., vs.).
	title
	// numbered: an abbreviation before a number, else an ordinary word (No. 5).
	numbered
	// either: may end the sentence; a small letter or a digit goes on (etc., a.m.).
	either
	// initials: letters of a name or an acronym (J. R. R., U.S.).
	initials
)

// abbreviations that are written in this way only are listed as they are; those in
// small letters count in any case.
var abbreviations = func() map[string]abbreviation {
	table := make(map[string]abbreviation)
	for a, list := range map[abbreviation]string{
		title: `dr mr mrs ms mx prof st rev fr hon gen col maj capt cpt lt sgt cpl cmdr adm gov sen rep pres supt
			messrs mme mlle m hr hrn fr dipl vs e.g i.e cf viz eg ie z.b d.h u.a bzw ca ph approx al resp sra dra www http https`,
		numbered: `no nos nr p pp vol ch fig figs eq sec art op ver v pt ex ext tel Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec
			Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun`,
		either: `etc a.m p.m b.c a.d inc ltd co corp jr sr esq dept est ave blvd rd mt ft hrs hr min max avg ph.d m.d b.a m.a b.s m.s ed eds
			assn bros misc incl usw`,
	} {
		for w := range strings.FieldsSeq(list) {
			table[w] = a
		}
	}
	return table
}()

// falseAbbreviations are in the table above, but far commoner as words when they
// are written like this.
var falseAbbreviations = wordSet("min max co ed am no-no rep gen hon col est ex art pres m fr mt rd sec op")

// closing are those that a capital behind them always ends: a name does not follow.
var closing = wordSet("etc a.m p.m b.c a.d min max avg hr hrs usw")

// isDotted tells single letters with dots between them: "U.S", "J.R.R", "p.m".
func isDotted(w string) bool {
	if len(w) < 3 {
		return false
	}
	for i := range len(w) {
		if i%2 == 1 && w[i] != '.' || i%2 == 0 && !isASCIILetter(w[i]) {
			return false
		}
	}
	return len(w)%2 == 1
}

func isASCIILetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// abbreviationOf looks up the token before a full stop.
func abbreviationOf(w string) abbreviation {
	if len(w) == 1 && 'A' <= w[0] && w[0] <= 'Z' {
		return initials
	}
	if falseAbbreviations[w] {
		return either
	}
	if a, ok := abbreviations[w]; ok {
		return a
	}
	if a, ok := abbreviations[strings.ToLower(w)]; ok {
		return a
	}
	if isDotted(w) || len(w) == 1 && isASCIILetter(w[0]) {
		return initials
	}
	return word
}

// letteredThings are followed by a single letter that is no initial: "plan B."
var letteredThings = wordSet("plan vitamin grade type option team group class part section point letter room row gate hepatitis building block appendix exhibit series level column answer choice model")

// germanBefore stand before an ordinal, "am 3. Oktober".
var germanBefore = wordSet("am der den dem die das vom zum zur im bis seit ab beim unser unsere mein meine sein seine ihr ihre jeder jede jedes und dieser diesem diesen")
