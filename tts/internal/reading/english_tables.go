package reading

var (
	enOnes = [20]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	enTens     = [10]string{2: "twenty", 3: "thirty", 4: "forty", 5: "fifty", 6: "sixty", 7: "seventy", 8: "eighty", 9: "ninety"}
	enPowers   = [7]string{1: "thousand", 2: "million", 3: "billion", 4: "trillion", 5: "quadrillion", 6: "quintillion"}
	enOrdinals = map[string]string{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
	enMonths   = [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		"November", "December"}
	enMonthShort = map[string]string{"jan": "January", "feb": "February", "mar": "March", "apr": "April", "jun": "June", "jul": "July",
		"aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November", "dec": "December"}

	// enAbbreviations stand before a full stop that belongs to them.
	enAbbreviations = map[string]string{"dr": "Doctor", "mr": "Mister", "mrs": "Missus", "ms": "Miz", "prof": "Professor", "etc": "et cetera",
		"vs": "versus", "jr": "Junior", "sr": "Senior", "inc": "Incorporated", "ltd": "Limited", "co": "Company", "corp": "Corporation",
		"dept": "Department", "approx": "approximately", "est": "established", "capt": "Captain", "lt": "Lieutenant", "gen": "General",
		"sgt": "Sergeant", "gov": "Governor", "sen": "Senator", "rep": "Representative", "rev": "Reverend", "ave": "Avenue", "blvd": "Boulevard",
		"mt": "Mount", "ft": "Fort", "fig": "figure", "vol": "volume", "min": "minimum", "max": "maximum", "apt": "apartment"}

	enWords = map[string]string{"e.g": "for example", "i.e": "that is", "24/7": "twenty-four seven", "w/o": "without", "and/or": "and or",
		"ok": "okay", "wi-fi": "Wi-Fi", "c++": "C plus plus", "c#": "C sharp", "a/c": "A C", "9/11": "nine eleven", "covid-19": "COVID nineteen", "mp3": "M P three"}

	// enPronounced are acronyms that are said as words.
	enPronounced = wordSet(`nasa nato unesco unicef fifa opec aids covid laser radar scuba asean apec fema darpa nafta potus scotus
		yolo lol asap ram rom sim pin gif jpeg json captcha swat moma ikea lego sony nerf aesop`)
)
