package sentence

// englishOpen are the words that a sentence hardly ends in: before "..." they are a
// thought that is not over.
var englishOpen = wordSet(`well so um umm uh uhm er erm hmm hm mm ah oh and but or because if the a an to of i i'm i'll i've i'd i'd like just
	maybe perhaps then it's its that's he's she's we're you're they're is are was were my your his our their with for from about
	when while though although since until than as at by in on these those which
	actually basically honestly anyway look listen see okay ok right yes yeah no not very also only even still we he she they there's here's let's let
	can could would should will may might must don't can't won't didn't isn't aren't wasn't thinking wondering thought guess suppose mean hoping wait shh`)

// englishCries are words that "?!" and "!!" are likely behind.
var englishCries = wordSet("what why how who when where really seriously huh wow hey stop never")

// nameStems are words that are often the first half of a file's or a site's name, so
// that their full stop has to wait for what follows.
var nameStems = wordSet(`main index readme report config settings setup test tests app data example google naver daum youtube github kakao amazon node
	image photo script package notes document file docs model style styles script backup output input result results list log resume draft`)

// englishStarters begin a sentence: behind "U.S." they tell an end from "U.S. Army".
var englishStarters = wordSet(`The A An It He She We They I I'm I'll I've It's That That's This These Those There There's Here But And Then So Now What When
	Where Why How Who If In On At As After Before My Your His Her Our Their You Yes No Not Let Let's Do Does Did Is Are Was Were Can Could Would
	Should Will Just Maybe Well Also Or Please Every Some Many Most All Both Even Because While Since Once`)

// speechVerbs take up a quotation behind a name: "Let's go!" Tom said.
var speechVerbs = wordSet("said says asked asks replied replies whispered whispers shouted shouts yelled cried murmured muttered exclaimed added laughed answered called")
