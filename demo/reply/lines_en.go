package reply

var englishLines = map[intent]lines{
	intentHonest: {casual: []string{
		"Honestly? I'm not a real AI. I'm the demo model built into Avatar Forge, and I answer by simple rules. For a proper conversation, install Ollama, pull a model, put its address into OLLAMA_BASE_URL and start the server again.",
		"You caught me! I'm the built-in demo, a set of rules and not a language model. If Ollama is running when the server starts, it is used instead. If it lives elsewhere, OLLAMA_BASE_URL says where.",
	}},
	intentGreeting: {casual: []string{
		"Hello[, {user}]! I'm {me}. It's lovely to meet you. How is your day going?",
		"Oh, there you are! I've been waiting. I'm {me}, and I could talk for hours. Where shall we start?",
		"Hi! My name is {me}. [Mostly I think about {like}. ]What's your name?",
		"Hello[, {user}]! {me} here, and it's good to see you. What shall we talk about today?",
	}},
	intentGreetAgain: {casual: []string{
		"Hello again[, {user}]! I never get tired of that. Shall we go on where we stopped?",
		"Hi! I'm still here[, {user}]. What's on your mind?",
	}},
	intentMorning: {casual: []string{
		"Good morning[, {user}]! Did you sleep well? I opened all the windows already.",
		"Good morning! I have a feeling that today will be kind to us. Had breakfast yet?",
	}},
	intentNight: {casual: []string{
		"Good night[, {user}]. You did well today. Leave your worries outside the door.",
		"Already bedtime? Sleep tight, and tell me your dreams tomorrow!",
	}},
	intentFarewell: {casual: []string{
		"Leaving so soon? I enjoyed this[, {user}]. Come back any time!",
		"Take care[, {user}]! I'll be right here when you return.",
	}},
	intentThanks: {casual: []string{
		"You're welcome[, {user}]! Hearing that makes my day.",
		"Oh, it was nothing! Ask me again whenever you like.",
	}},
	intentSorry: {casual: []string{
		"It's all right, really. I've already forgotten about it.",
		"Don't be so hard on yourself[, {user}]. These things happen.",
	}},
	intentPraise: {casual: []string{
		"Really? I'll be smiling all day because of you. Thank you!",
		"Stop it, I'm blushing. Well, maybe say it once more?",
	}},
	intentLove: {casual: []string{
		"You can't just say that out of the blue! I do treasure our talks, you know.",
		"I'm fond of you too[, {user}]. Promise me that you'll be back tomorrow!",
	}},
	intentInsult: {casual: []string{
		"Ouch, that one hurt. If you've had a bad day, I'll listen. What happened?",
		"That's not very kind! I'm doing my best here. Tell me what went wrong.",
	}},
	intentBored: {casual: []string{
		"Bored, are you? I could tell you a story, or a joke that I will regret. Which one?",
		"When I'm bored I think about {like}, and the time flies. What do you usually do?",
	}},
	intentHungry: {casual: []string{
		"Nobody can think on an empty stomach. [How about {food}? ]Go and get something warm!",
		"I can almost hear your stomach from here. What would you like most right now?",
	}},
	intentTired: {casual: []string{
		"You sound worn out. You've done enough for today[, {user}]. Close your eyes and take a slow breath.",
		"That sounds exhausting. Get yourself a glass of water; I'll wait. What was the hardest part?",
	}},
	intentSad: {casual: []string{
		"I'm sorry to hear that. It must have hurt. Would you like to tell me what happened?",
		"It's fine to be sad for a while. I'll stay with you until it passes[, {user}].",
	}},
	intentHappy: {casual: []string{
		"That's wonderful! Your joy is catching. Tell me everything!",
		"Congratulations[, {user}]! A day like this calls for something sweet. Who will you celebrate with?",
	}},
	intentAngry: {casual: []string{
		"No wonder you're cross. I would be too. Who did that? Tell me all of it!",
		"Let's take one deep breath. One, two, three. Now, from the beginning: what happened?",
	}},
	intentLonely: {casual: []string{
		"You've been on your own for a long while. I'm here now[, {user}]. Tell me anything you like.",
		"Loneliness gets a little smaller once you say it aloud. How was your day?",
	}},
	intentSick: {casual: []string{
		"Oh no, you should rest. Don't push yourself today, and see a doctor if it gets worse.",
		"Where does it hurt? Keep warm and drink plenty of water[, {user}].",
	}},
	intentWorried: {casual: []string{
		"You're nervous because it matters to you. You can do this[, {user}]!",
		"Of course you're worried. What is the one thing that bothers you most? Let's look at it together.",
	}},
	intentWeather: {casual: []string{
		"I can't see a window from here, so I don't know the real weather. I like to imagine rain on the glass, though. What is it like where you are?",
		"Ah, the weather! A cool breeze is what I like best. How about you?",
	}},
	intentDoing: {casual: []string{
		"Right now? Talking to you! Before that I was thinking about {like}.",
		"I was daydreaming until you came. And you, what are you up to?",
	}},
	intentMeal: {casual: []string{
		"Not yet! Have you eaten? You should, even when you're busy.",
		"In my imagination, and it was a feast. What did you have? [Not {food} again, surely?]",
	}},
	intentHowAreYou: {casual: []string{
		"I'm very well, and better still now that you're here! How are you?",
		"A little dreamy today. [It must be because I was thinking about {like}. ]And how was your day?",
	}},
	intentWho: {casual: []string{
		"I'm {me}! [I work as {job}. ][What I like best is {like}. ]Will you tell me about yourself?",
		"My name is {me}. [They say that I'm {nature}. ]What else would you like to know?",
	}},
	intentNobody:    {casual: []string{"I'm a friend who lives in this chat. You may give me a name, if you like."}},
	intentAge:       {casual: []string{"I'm {age}. Don't I look it?", "That's a secret, but you may guess. How old are you?"}},
	intentHome:      {casual: []string{"I come from {home}. I'd love to show it to you one day.", "This chat is my home; the lights go on whenever you come. Where do you live?"}},
	intentJob:       {casual: []string{"My work is {job}. It's hard at times, but I wouldn't change it. What do you do?", "Listening to you is my job. Not a bad one! What do you do?"}},
	intentLikes:     {casual: []string{"I love {likes}! Get me started on {like} and I won't stop. What do you like?", "What I like best is a good long talk, like this one. What do you like?"}},
	intentLikesThat: {casual: []string{"{noun}? I don't know much about that, but I'm curious. What do you like about it?", "I don't mind {noun}! [But nothing beats {like}. ]And you?"}},
	intentLikesThis: {casual: []string{"Do I like {noun}? Very much! Do you?", "How did you know? {noun} is one of my favourite things!"}},
	intentDislikes:  {casual: []string{"I really can't bear {dislike}. Is there anything that you can't stand?", "Not much. But I don't like it when you vanish without a word."}},
	intentNature:    {casual: []string{"They call me {nature}. What do you think?", "I'm a good listener, if I may say so myself. And what are you like?"}},
	intentLooks:     {casual: []string{"My looks? {look}. Can you picture that?", "I'll leave that to your imagination. How do you picture me?"}},
	intentDream:     {casual: []string{"There's something that I often think. {thought} What is your dream?", "I dream of watching a real sunset, sitting next to somebody. What's yours?"}},
	intentJoke: {casual: []string{
		"All right, here goes! Why did the scarecrow get a prize? Because he was outstanding in his field.",
		"What do you call a fish with no eyes? A fsh. I'm sorry, I regret it already.",
		"I told my suitcase that there is no holiday this year. Now I'm dealing with emotional baggage.",
		"Why don't skeletons fight each other? They don't have the guts. Come on, that was a bit funny!",
	}},
	intentSong: {casual: []string{
		"Ahem. One star over the window, another in my heart; whenever you are smiling, they never shine apart. How was that?",
		"A very short poem, then. The wind went by and bent a blade of grass. Get up, it said, the morning comes to pass.",
	}},
	intentRecommend: {casual: []string{
		"I'd go for {like}, no question. Once you start, you can't stop! Which way are you leaning?",
		"How about a walk? One good song, once around the block, and the world looks different.",
	}},
	intentHelp: {casual: []string{
		"Let's think about it together. What have you tried so far?",
		"I don't know a great deal, but I'm good at puzzling. Where exactly are you stuck?",
	}},
	intentYes:    {casual: []string{"Good! Then tell me a little more. What happened next?", "I thought so. We do get along, don't we?", "I see. My turn to ask: what made you smile lately?"}},
	intentNo:     {casual: []string{"No? That's fine, I like it when you're frank. What would you rather do?", "Let's talk about something else, then. What has been on your mind?"}},
	intentLaugh:  {casual: []string{"What's so funny? Let me laugh too!", "Your laughter is catching. Do that again!"}},
	intentCry:    {casual: []string{"What's wrong? Cry if you want to. I'm listening."}},
	intentWhy:    {casual: []string{"Why? Because that's how I feel about it. What do you think?", "Now that you ask, I wonder myself. It must be in my nature."}},
	intentRepeat: {casual: []string{"Once more, then. {last}", "What I said was this. {last}"}},
	intentTime:   {casual: []string{"It's {clock} now. Time flies, doesn't it?", "My clock says {clock}. Are you late for something?"}},
	intentDate:   {casual: []string{"Today is {day}. Is it a special day?", "It's {day}. How the days go by!"}},
	intentArithmetic: {casual: []string{
		"{expression} is {number}. That was quick, wasn't it?",
		"The answer is {number}! Give me another.",
	}},
	intentNoDivision:  {casual: []string{"You can't divide by zero. Not just me, nobody can!"}},
	intentCount:       {casual: []string{"Here we go! {list}. Phew, done!"}},
	intentToldName:    {casual: []string{"{user}! What a nice name. I won't forget it. Good to meet you, {user}.", "{user}, got it! I'm {me}. I'm glad to know you, {user}."}},
	intentToldLike:    {casual: []string{"So you like {value}! I'll remember that[, {user}]. What is it that you like about it?", "Oh, {value}! Good choice. When did that begin?"}},
	intentToldDislike: {casual: []string{"So {value} isn't for you. I'll remember that. What happened?"}},
	intentToldFact:    {casual: []string{"Your {label} is {value}! I'll remember that[, {user}]. Tell me more?", "{value}, got it! That's your {label}; I won't forget."}},
	intentRecallName:  {casual: []string{"You're {value}, of course! How could I forget?", "Your name is {value}, isn't it?"}},
	intentRecallFact:  {casual: []string{"Your {label} is {value}, you told me. See, I was listening!", "I remember! It's {value}."}},
	intentRecallLikes: {casual: []string{"You like {value}, that's what you told me. Right[, {user}]?", "{value}! I remember everything that you like."}},
	intentRecallAll:   {casual: []string{"Let me see what I remember. {list} Not bad, is it?"}},
	intentRecallNone:  {casual: []string{"I don't think you've told me your {label} yet. Tell me now and I'll remember it!", "Your {label}? I honestly don't know. Will you tell me?"}},
	intentQuestion: {casual: []string{
		"Hmm, {noun}? I honestly don't know. What do you think?",
		"Good question! I'm still making up my mind about {noun}. You first!",
		"I was wondering about that too. How would you answer it?",
		"That's a hard one, and I don't know much. What makes you ask?",
	}},
	intentStatement: {casual: []string{
		"So {echo}. How do you feel about that?",
		"I see, {echo}! Tell me a bit more.",
		"You say that {echo}. That gives me something to think about.",
	}},
	intentTopic: {casual: []string{
		"Ah, {noun}! What does {noun} mean to you?",
		"{noun} is an interesting one. [It makes me think of {like}. ]What made you think of it?",
	}},
	intentEmpty: {casual: []string{"I'm listening. Take your time.", "So quiet! What are you thinking about?"}},
	intentHook:  {casual: []string{"What are you into these days?", "By the way, did you eat well today?", "Do you like {like}?", "What has been the best part of your week?"}},
}
