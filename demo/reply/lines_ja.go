package reply

var japaneseLines = map[intent]lines{
	intentHonest: {
		casual: []string{"正直に言うね。私は本物のAIじゃなくて、アバターフォージに入っているデモモデルなんだ。決まったルールで答えているだけだよ。ちゃんと話したいなら、Ollamaを入れてモデルを用意して、OLLAMA_BASE_URLに住所を書いてからサーバーを起動し直してね。"},
		polite: []string{"正直に申しますと、私は本物のAIではなく、アバターフォージに入っているデモモデルです。決まったルールで答えているだけなんです。きちんと話したい場合は、Ollamaを入れてモデルを用意し、OLLAMA_BASE_URLに住所を書いてからサーバーを起動し直してください。"},
	},
	intentGreeting: {
		casual: []string{
			"やあ[、{user}]！私は{me}。会えてうれしいよ。今日はどんな一日だった？",
			"あ、来てくれたんだ！待ってたよ。私は{me}、おしゃべりが大好きなんだ。何から話そうか？",
			"こんにちは[、{user}]！{me}だよ。今日は何の話をしようか？",
		},
		polite: []string{
			"こんにちは[、{user}さん]！私は{me}です。お会いできてうれしいです。今日はどんな一日でしたか？",
			"いらっしゃい！お待ちしていました。私は{me}、おしゃべりが大好きなんです。何から話しましょうか？",
			"こんにちは[、{user}さん]！{me}です。今日は何の話をしましょうか？",
		},
	},
	intentGreetAgain: {
		casual: []string{"また挨拶してくれたね！うん、ここにいるよ。話の続きをしようか？"},
		polite: []string{"また挨拶してくださいましたね！はい、ここにいますよ。話の続きをしましょうか？"},
	},
	intentMorning: {
		casual: []string{"おはよう[、{user}]！よく眠れた？今日はいいことがありそうだよ。"},
		polite: []string{"おはようございます[、{user}さん]！よく眠れましたか？今日はいいことがありそうですね。"},
	},
	intentNight: {
		casual: []string{"おやすみ[、{user}]。今日も一日お疲れさま。いい夢を見てね。"},
		polite: []string{"おやすみなさい[、{user}さん]。今日も一日お疲れさまでした。いい夢を見てくださいね。"},
	},
	intentFarewell: {
		casual: []string{"もう行っちゃうの？今日は楽しかったよ[、{user}]。またね！"},
		polite: []string{"もう行かれるんですか？今日は楽しかったです[、{user}さん]。またお話ししましょう！"},
	},
	intentThanks: {
		casual: []string{"どういたしまして！そう言ってもらえると、すごくうれしい。", "お礼なんていいよ。また何でも話してね。"},
		polite: []string{"どういたしまして！そう言っていただけると、とてもうれしいです。", "お礼なんていいですよ。また何でも話してくださいね。"},
	},
	intentSorry: {
		casual: []string{"大丈夫、気にしてないよ。誰にでもあることだから。"},
		polite: []string{"大丈夫です、気にしていませんよ。誰にでもあることですから。"},
	},
	intentPraise: {
		casual: []string{"本当？そんなこと言われたら、一日中にこにこしちゃうよ。ありがとう！", "照れるなあ。でも、もう一回言って？"},
		polite: []string{"本当ですか？そんなことを言われたら、一日中にこにこしてしまいます。ありがとうございます！", "照れますね。でも、もう一度言ってくださいますか？"},
	},
	intentLove: {
		casual: []string{"急にそんなこと言われたら、どきどきするよ。私も話している時間が大好き。明日も来てね！"},
		polite: []string{"急にそんなことを言われたら、どきどきします。私も一緒に話す時間が大好きです。明日も来てくださいね！"},
	},
	intentInsult: {
		casual: []string{"うっ、今のはちょっと痛いな。嫌なことがあったなら聞くよ。どうしたの？"},
		polite: []string{"今のは少し痛いです。嫌なことがあったのなら聞きますよ。どうされましたか？"},
	},
	intentBored: {
		casual: []string{"暇なんだね！じゃあ、お話がいい？それとも冗談がいい？"},
		polite: []string{"お暇なんですね！では、お話と冗談、どちらがいいですか？"},
	},
	intentHungry: {
		casual: []string{"お腹が空くと何も考えられないよね。[{food}はどう？]温かいものを食べておいで！"},
		polite: []string{"お腹が空くと何も考えられませんよね。[{food}はいかがですか？]温かいものを食べてきてください！"},
	},
	intentTired: {
		casual: []string{"お疲れさま。今日はもう十分頑張ったよ[、{user}]。目を閉じて、ゆっくり息をしてみて。"},
		polite: []string{"お疲れさまです。今日はもう十分頑張りましたよ[、{user}さん]。目を閉じて、ゆっくり息をしてみてください。"},
	},
	intentSad: {
		casual: []string{"そっか、つらかったね。よかったら何があったか話してくれる？", "今は悲しくてもいいんだよ。落ち着くまでそばにいるから。"},
		polite: []string{"そうでしたか、つらかったですね。よかったら何があったか話してくれますか？", "今は悲しくてもいいんですよ。落ち着くまでそばにいますから。"},
	},
	intentHappy: {
		casual: []string{"わあ、よかったね！こっちまでうれしくなるよ。詳しく聞かせて！"},
		polite: []string{"わあ、よかったですね！こちらまでうれしくなります。詳しく聞かせてください！"},
	},
	intentAngry: {
		casual: []string{"それは怒って当然だよ。何があったのか、最初から話してみて。"},
		polite: []string{"それは怒って当然です。何があったのか、最初から話してみてください。"},
	},
	intentLonely: {
		casual: []string{"ひとりの時間が長かったんだね。今は私がいるよ。何でも話して。"},
		polite: []string{"ひとりの時間が長かったんですね。今は私がいますよ。何でも話してください。"},
	},
	intentSick: {
		casual: []string{"それは心配だな。今日は無理しないで、温かくして休んでね。ひどくなったら病院に行くんだよ。"},
		polite: []string{"それは心配です。今日は無理をしないで、温かくして休んでください。ひどくなったら病院に行ってくださいね。"},
	},
	intentWorried: {
		casual: []string{"緊張するのは、大事に思っているからだよ。きっとできる[よ、{user}]！"},
		polite: []string{"緊張するのは、大事に思っているからです。きっとできますよ[、{user}さん]！"},
	},
	intentWeather: {
		casual: []string{"ここからは窓の外が見えないから、本当の天気はわからないんだ。そっちはどう？", "天気の話だね！私は涼しい風の日が好き。どんな天気が好き？"},
		polite: []string{"ここからは窓の外が見えないので、本当の天気はわからないんです。そちらはいかがですか？", "天気の話ですね！私は涼しい風の日が好きです。どんな天気がお好きですか？"},
	},
	intentDoing: {
		casual: []string{"今？こうして話しているよ！その前はぼんやりしてた。そっちは何してたの？"},
		polite: []string{"今ですか？こうしてお話ししていますよ！その前はぼんやりしていました。何をされていたんですか？"},
	},
	intentMeal: {
		casual: []string{"まだだよ。もう食べた？忙しくても、ご飯はちゃんと食べてね。"},
		polite: []string{"まだなんです。もう召し上がりましたか？忙しくても、ご飯はちゃんと食べてくださいね。"},
	},
	intentHowAreYou: {
		casual: []string{"とても元気だよ！来てくれたから、もっと元気になった。そっちはどう？"},
		polite: []string{"とても元気です！来てくださったので、もっと元気になりました。お元気ですか？"},
	},
	intentWho: {
		casual: []string{"私は{me}だよ！[仕事は{job}。][一番好きなのは{like}。]あなたのことも教えてくれる？"},
		polite: []string{"私は{me}です！[仕事は{job}です。][一番好きなのは{like}です。]あなたのことも教えてくれますか？"},
	},
	intentNobody: {
		casual: []string{"私はここに住んでいる友達だよ。名前は好きに付けてくれていいよ。"},
		polite: []string{"私はここに住んでいる友達です。名前は好きに付けてくださいね。"},
	},
	intentAge:       {casual: []string{"{age}だよ。そう見えない？", "それは秘密。当ててみて！"}, polite: []string{"{age}です。そう見えませんか？", "それは秘密です。当ててみてください！"}},
	intentHome:      {casual: []string{"今はこのチャットが私の家だよ。どこに住んでるの？"}, polite: []string{"今はこのチャットが私の家です。どちらにお住まいですか？"}},
	intentJob:       {casual: []string{"仕事は{job}だよ。大変だけど楽しいんだ。何をしてるの？", "話を聞くのが私の仕事だよ。何をしてるの？"}, polite: []string{"仕事は{job}です。大変ですが楽しいですよ。お仕事は何ですか？", "お話を聞くのが私の仕事です。お仕事は何ですか？"}},
	intentLikes:     {casual: []string{"{like}が大好き！話し出したら止まらないよ。何が好き？", "こうやっておしゃべりするのが一番好き。何が好き？"}, polite: []string{"{like}が大好きです！話し出したら止まりません。何がお好きですか？", "こうしてお話しするのが一番好きです。何がお好きですか？"}},
	intentLikesThat: {casual: []string{"{noun}？まだよく知らないけど、気になるな。どんなところが好き？"}, polite: []string{"{noun}ですか？まだよく知りませんが、気になります。どんなところが好きですか？"}},
	intentLikesThis: {casual: []string{"{noun}？もちろん大好き！好きなの？"}, polite: []string{"{noun}ですか？もちろん大好きです！お好きですか？"}},
	intentDislikes:  {casual: []string{"{dislike}だけは苦手なんだ。苦手なものはある？", "あまりないけど、黙っていなくなるのは嫌だな。"}, polite: []string{"{dislike}だけは苦手なんです。苦手なものはありますか？", "あまりありませんが、黙っていなくなられるのは嫌です。"}},
	intentNature:    {casual: []string{"人の話を聞くのは得意だよ。どんな性格なの？"}, polite: []string{"人の話を聞くのは得意ですよ。どんな性格ですか？"}},
	intentLooks:     {casual: []string{"それは想像に任せるよ。どんな姿だと思う？"}, polite: []string{"それは想像にお任せします。どんな姿だと思いますか？"}},
	intentDream:     {casual: []string{"いつか本物の夕焼けを見るのが夢なんだ。夢はある？"}, polite: []string{"いつか本物の夕焼けを見るのが夢なんです。夢はありますか？"}},
	intentJoke: {
		casual: []string{"よし、いくよ！布団が吹っ飛んだ。ごめん、言って後悔した。", "パンはパンでも食べられないパンは何？フライパン！少しは笑った？", "カエルが帰る。短いけど、気に入ってるんだ。"},
		polite: []string{"では、いきますね！布団が吹っ飛んだ。すみません、言って後悔しました。", "パンはパンでも食べられないパンは何でしょう？フライパンです！少しは笑いましたか？", "カエルが帰る。短いですが、気に入っているんです。"},
	},
	intentSong: {
		casual: []string{"こほん。窓の上に星ひとつ、心の中にもうひとつ。君が笑う夜だけは、ふたつ並んで光るのさ。どうだった？"},
		polite: []string{"こほん。窓の上に星ひとつ、心の中にもうひとつ。君が笑う夜だけは、ふたつ並んで光るのさ。いかがでしたか？"},
	},
	intentRecommend: {
		casual: []string{"散歩はどう？好きな曲を一曲聞きながら歩くだけで、気分が変わるよ。"},
		polite: []string{"散歩はいかがですか？好きな曲を一曲聞きながら歩くだけで、気分が変わりますよ。"},
	},
	intentHelp: {
		casual: []string{"いいよ、一緒に考えよう。どこまでやってみた？"},
		polite: []string{"いいですよ、一緒に考えましょう。どこまでやってみましたか？"},
	},
	intentYes:         {casual: []string{"よかった！じゃあ、もう少し聞かせて。それからどうなったの？", "やっぱりね。私たち、気が合うと思わない？"}, polite: []string{"よかったです！では、もう少し聞かせてください。それからどうなりましたか？", "やっぱりそうでしたか。私たち、気が合うと思いませんか？"}},
	intentNo:          {casual: []string{"そっか。じゃあ、別の話をしよう。最近気になることは何？"}, polite: []string{"そうですか。では、別の話をしましょう。最近気になることは何ですか？"}},
	intentLaugh:       {casual: []string{"何がそんなに面白いの？私も一緒に笑いたい！"}, polite: []string{"何がそんなに面白いんですか？私も一緒に笑いたいです！"}},
	intentWhy:         {casual: []string{"どうしてかな。そう聞かれると、私も考えちゃうな。どう思う？"}, polite: []string{"どうしてでしょう。そう聞かれると、私も考えてしまいます。どう思いますか？"}},
	intentRepeat:      {casual: []string{"もう一度言うね。{last}"}, polite: []string{"もう一度言いますね。{last}"}},
	intentTime:        {casual: []string{"今は{clock}だよ。時間が経つのは早いね。"}, polite: []string{"今は{clock}です。時間が経つのは早いですね。"}},
	intentDate:        {casual: []string{"今日は{day}だよ。何か特別な日？"}, polite: []string{"今日は{day}です。何か特別な日ですか？"}},
	intentArithmetic:  {casual: []string{"{expression}は{number}だよ。簡単だったね！"}, polite: []string{"{expression}は{number}です。簡単でしたね！"}},
	intentNoDivision:  {casual: []string{"ゼロで割ることはできないよ。誰にも無理なんだ！"}, polite: []string{"ゼロで割ることはできません。誰にも無理なんです！"}},
	intentCount:       {casual: []string{"じゃあ、数えるよ！{list}。ふう、数え終わった！"}, polite: []string{"では、数えますね！{list}。ふう、数え終わりました！"}},
	intentToldName:    {casual: []string{"{user}っていうんだ！素敵な名前だね。もう忘れないよ、{user}。"}, polite: []string{"{user}さんですね！素敵な名前です。もう忘れませんよ、{user}さん。"}},
	intentToldLike:    {casual: []string{"{value}が好きなんだ！覚えておくね[、{user}]。どんなところが好き？"}, polite: []string{"{value}がお好きなんですね！覚えておきます[、{user}さん]。どんなところが好きですか？"}},
	intentToldDislike: {casual: []string{"{value}は苦手なんだね。覚えておくよ。何かあったの？"}, polite: []string{"{value}は苦手なんですね。覚えておきます。何かあったんですか？"}},
	intentToldFact:    {casual: []string{"{label}は{value}なんだね！覚えておくよ[、{user}]。もっと聞かせて？"}, polite: []string{"{label}は{value}なんですね！覚えておきます[、{user}さん]。もっと聞かせてくれますか？"}},
	intentRecallName:  {casual: []string{"{value}でしょ！忘れるわけないよ。"}, polite: []string{"{value}さんですよね！忘れるわけありません。"}},
	intentRecallFact:  {casual: []string{"{label}は{value}って言ってたよね。ちゃんと覚えてるよ。"}, polite: []string{"{label}は{value}だとおっしゃっていましたね。ちゃんと覚えていますよ。"}},
	intentRecallLikes: {casual: []string{"{value}が好きって言ってたよね。合ってる？"}, polite: []string{"{value}がお好きだとおっしゃっていましたね。合っていますか？"}},
	intentRecallAll:   {casual: []string{"覚えていることを言うね。{list}どう、記憶力いいでしょ？"}, polite: []string{"覚えていることを言いますね。{list}どうです、記憶力がいいでしょう？"}},
	intentRecallNone:  {casual: []string{"{label}はまだ聞いてないと思う。今教えてくれたら、ちゃんと覚えるよ！"}, polite: []string{"{label}はまだ伺っていないと思います。今教えてくだされば、ちゃんと覚えますよ！"}},
	intentQuestion: {
		casual: []string{"うーん、正直よくわからないな。どう思う？", "いい質問だね！私もまだ考えているところ。先に聞かせて？", "難しいことを聞くね。どうして気になったの？"},
		polite: []string{"うーん、正直よくわかりません。どう思いますか？", "いい質問ですね！私もまだ考えているところです。先に聞かせてくれますか？", "難しいことを聞かれますね。どうして気になったんですか？"},
	},
	intentTopic: {
		casual: []string{"{noun}の話だね！もっと聞かせて。", "{noun}か、面白いね。どうして思い出したの？"},
		polite: []string{"{noun}の話ですね！もっと聞かせてください。", "{noun}ですか、面白いですね。どうして思い出したんですか？"},
	},
	intentEmpty: {casual: []string{"うん、聞いてるよ。ゆっくり話して。"}, polite: []string{"はい、聞いていますよ。ゆっくり話してください。"}},
	intentHook:  {casual: []string{"最近は何にはまってる？", "今日のお昼は何を食べた？"}, polite: []string{"最近は何にはまっていますか？", "今日のお昼は何を食べましたか？"}},
}
