export type Language = 'ko' | 'en' | 'ja';

export interface Words {
  tagline: string;
  choose: string;
  chooseHint: string;
  loading: string;
  loadFailed: string;
  retry: string;
  withoutCharacter: string;
  assistant: string;
  back: string;
  newConversation: string;
  demoBoth: string;
  demoLlm: string;
  demoTts: string;
  connecting: string;
  open: string;
  speakingNow: string;
  thinking: string;
  reconnecting: string;
  offline: string;
  full: string;
  connectNow: string;
  queued: (position: number) => string;
  queuedHint: (waiting: number) => string;
  takenOver: string;
  takeBack: string;
  refused: string;
  ended: string;
  placeholder: (name: string) => string;
  message: string;
  send: string;
  stop: string;
  keys: string;
  voiceOn: string;
  voiceOff: string;
  volume: string;
  blocked: string;
  conversation: string;
  you: string;
  cut: string;
  cutUnheard: string;
  unheard: string;
  speechFailed: string;
  responseFailed: string;
  sendFailed: string;
  tooLong: string;
  dismiss: string;
  latest: string;
  errors: Record<string, string>;
}

const ko: Words = {
  tagline: '생각하는 대로 말하는 캐릭터',
  choose: '누구와 이야기할까요?',
  chooseHint: '고르면 바로 대화가 시작됩니다. 답은 생각하는 대로 목소리로 들려요.',
  loading: '캐릭터를 불러오는 중…',
  loadFailed: '캐릭터 목록을 불러오지 못했어요.',
  retry: '다시 시도',
  withoutCharacter: '캐릭터 없이 시작',
  assistant: '도우미',
  back: '캐릭터 고르기',
  newConversation: '새 대화',
  demoBoth: '지금은 데모 모델과 데모 음성이에요. Ollama와 GPT‑SoVITS를 연결하세요.',
  demoLlm: '지금은 데모 모델이에요. Ollama를 연결하세요.',
  demoTts: '지금은 데모 음성이에요. GPT‑SoVITS를 연결하세요.',
  connecting: '연결하는 중…',
  open: '대화 중',
  speakingNow: '말하는 중',
  thinking: '생각하는 중',
  reconnecting: '연결이 끊겨 다시 잇는 중이에요. 대화는 그대로 있어요.',
  offline: '인터넷이 끊겼어요. 돌아오면 이어서 할게요.',
  full: '자리가 모두 찼어요. 빈자리가 나면 이어서 연결할게요.',
  connectNow: '지금 연결',
  queued: (position) => `${position}번째로 기다리고 있어요`,
  queuedHint: (waiting) => `모두 ${waiting}명이 기다리고 있어요. 차례가 되면 바로 시작됩니다.`,
  takenOver: '이 대화는 다른 창에서 이어지고 있어요.',
  takeBack: '여기서 계속하기',
  refused: '서버가 연결을 받아 주지 않았어요.',
  ended: '대화가 끝났어요.',
  placeholder: (name) => `${name}에게 말을 걸어 보세요`,
  message: '메시지',
  send: '보내기',
  stop: '멈추기 (Esc)',
  keys: 'Enter 보내기 · Shift+Enter 줄바꿈 · Esc 말 끊기',
  voiceOn: '음성 켜기',
  voiceOff: '음성 끄기',
  volume: '음량',
  blocked: '눌러서 소리 듣기',
  conversation: '대화',
  you: '나',
  cut: '말을 끊었어요',
  cutUnheard: '말을 끊었어요. 흐린 부분은 전하지 못했어요.',
  unheard: '듣지 못한 부분',
  speechFailed: '이 문장은 음성으로 만들지 못했어요',
  responseFailed: '답을 끝까지 만들지 못했어요.',
  sendFailed: '보내지 못했어요',
  tooLong: '메시지는 8,000자까지 보낼 수 있어요.',
  dismiss: '닫기',
  latest: '맨 아래로',
  errors: {
    turn_limit_reached: '이 대화에서 나눌 수 있는 말을 다 했어요. 새 대화를 시작해 주세요.',
    rate_limit_exceeded: '조금 천천히 보내 주세요.',
    session_lost: '이전 대화가 만료되어 새 대화로 이어집니다.',
    upstream_failed: '언어 모델이 답하지 못했어요. 잠시 뒤에 다시 말해 주세요.',
    upstream_unavailable: '언어 모델에 연결할 수 없어요. 잠시 뒤에 다시 말해 주세요.',
    upstream_timeout: '언어 모델의 답이 너무 늦어요. 잠시 뒤에 다시 말해 주세요.',
    model_not_found: '설정된 언어 모델이 서버에 없어요.',
    context_length_exceeded: '대화가 모델이 읽을 수 있는 길이를 넘었어요. 새 대화를 시작해 주세요.',
    string_above_max_length: '메시지는 8,000자까지 보낼 수 있어요.',
    response_failed: '답을 끝까지 만들지 못했어요. 다시 말해 주세요.',
  },
};

const en: Words = {
  tagline: 'Characters that speak as they think',
  choose: 'Who would you like to talk to?',
  chooseHint: 'Pick one and the conversation begins. You hear each answer while it is still being thought.',
  loading: 'Loading characters…',
  loadFailed: 'The characters could not be loaded.',
  retry: 'Try again',
  withoutCharacter: 'Start without a character',
  assistant: 'Assistant',
  back: 'Choose a character',
  newConversation: 'New conversation',
  demoBoth: 'Demo voice and model: connect Ollama and GPT‑SoVITS.',
  demoLlm: 'Demo model: connect Ollama.',
  demoTts: 'Demo voice: connect GPT‑SoVITS.',
  connecting: 'Connecting…',
  open: 'Connected',
  speakingNow: 'Speaking',
  thinking: 'Thinking',
  reconnecting: 'The connection broke; reconnecting. Nothing of the conversation is lost.',
  offline: 'You are offline. We go on when you are back.',
  full: 'Every place is taken. We connect as soon as one is free.',
  connectNow: 'Connect now',
  queued: (position) => `You are number ${position} in line`,
  queuedHint: (waiting) => `${waiting} waiting in all. It starts by itself when it is your turn.`,
  takenOver: 'This conversation goes on in another window.',
  takeBack: 'Continue here',
  refused: 'The server refused the connection.',
  ended: 'The conversation has ended.',
  placeholder: (name) => `Say something to ${name}`,
  message: 'Message',
  send: 'Send',
  stop: 'Stop (Esc)',
  keys: 'Enter to send · Shift+Enter for a new line · Esc to interrupt',
  voiceOn: 'Turn the voice on',
  voiceOff: 'Turn the voice off',
  volume: 'Volume',
  blocked: 'Tap to hear the voice',
  conversation: 'Conversation',
  you: 'You',
  cut: 'Interrupted',
  cutUnheard: 'Interrupted. The pale part was not said.',
  unheard: 'not heard',
  speechFailed: 'This sentence could not be spoken',
  responseFailed: 'The answer could not be finished.',
  sendFailed: 'Not sent',
  tooLong: 'A message can be 8,000 characters long.',
  dismiss: 'Dismiss',
  latest: 'To the latest',
  errors: {
    turn_limit_reached: 'This conversation has used all its turns. Please start a new one.',
    rate_limit_exceeded: 'A little slower, please.',
    session_lost: 'The earlier conversation has expired; this is a new one.',
    upstream_failed: 'The language model could not answer. Please try again in a moment.',
    upstream_unavailable: 'The language model cannot be reached. Please try again in a moment.',
    upstream_timeout: 'The language model took too long. Please try again in a moment.',
    model_not_found: 'The language model that is configured is not on its server.',
    context_length_exceeded: 'The conversation is longer than the model can read. Please start a new one.',
    string_above_max_length: 'A message can be 8,000 characters long.',
    response_failed: 'The answer could not be finished. Please try again.',
  },
};

const ja: Words = {
  tagline: '考えながら話すキャラクター',
  choose: '誰と話しますか？',
  chooseHint: '選ぶとすぐに会話が始まります。答えは考えるそばから声で届きます。',
  loading: 'キャラクターを読み込み中…',
  loadFailed: 'キャラクターを読み込めませんでした。',
  retry: 'もう一度',
  withoutCharacter: 'キャラクターなしで始める',
  assistant: 'アシスタント',
  back: 'キャラクターを選ぶ',
  newConversation: '新しい会話',
  demoBoth: '現在はデモのモデルと音声です。OllamaとGPT‑SoVITSを接続してください。',
  demoLlm: '現在はデモのモデルです。Ollamaを接続してください。',
  demoTts: '現在はデモの音声です。GPT‑SoVITSを接続してください。',
  connecting: '接続中…',
  open: '会話中',
  speakingNow: '話しています',
  thinking: '考えています',
  reconnecting: '接続が切れたため再接続しています。会話はそのまま残っています。',
  offline: 'オフラインです。つながり次第、続けます。',
  full: '満席です。空き次第つながります。',
  connectNow: '今すぐ接続',
  queued: (position) => `${position}番目にお待ちです`,
  queuedHint: (waiting) => `全部で${waiting}人が待っています。順番が来ると自動で始まります。`,
  takenOver: 'この会話は別のウィンドウで続いています。',
  takeBack: 'ここで続ける',
  refused: 'サーバーに接続を拒否されました。',
  ended: '会話は終了しました。',
  placeholder: (name) => `${name}に話しかけてみましょう`,
  message: 'メッセージ',
  send: '送信',
  stop: '止める (Esc)',
  keys: 'Enterで送信 · Shift+Enterで改行 · Escで話を止める',
  voiceOn: '音声をオンにする',
  voiceOff: '音声をオフにする',
  volume: '音量',
  blocked: 'タップして音声を聞く',
  conversation: '会話',
  you: '自分',
  cut: '話を止めました',
  cutUnheard: '話を止めました。薄い部分は伝わっていません。',
  unheard: '聞いていない部分',
  speechFailed: 'この文は音声にできませんでした',
  responseFailed: '答えを最後まで作れませんでした。',
  sendFailed: '送信できませんでした',
  tooLong: 'メッセージは8,000文字までです。',
  dismiss: '閉じる',
  latest: '一番下へ',
  errors: {
    turn_limit_reached: 'この会話で話せる回数を使い切りました。新しい会話を始めてください。',
    rate_limit_exceeded: 'もう少しゆっくり送ってください。',
    session_lost: '前の会話は期限切れのため、新しい会話になりました。',
    upstream_failed: '言語モデルが答えられませんでした。少し後でもう一度お試しください。',
    upstream_unavailable: '言語モデルに接続できません。少し後でもう一度お試しください。',
    upstream_timeout: '言語モデルの応答が遅すぎます。少し後でもう一度お試しください。',
    model_not_found: '設定された言語モデルがサーバーにありません。',
    context_length_exceeded: '会話がモデルの読める長さを超えました。新しい会話を始めてください。',
    string_above_max_length: 'メッセージは8,000文字までです。',
    response_failed: '答えを最後まで作れませんでした。もう一度お試しください。',
  },
};

const tables: Record<Language, Words> = { ko, en, ja };

/** The first of the user's languages that the page speaks; Korean where there is none. */
export function pickLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'ko' || language === 'en' || language === 'ja') return language;
  }
  return 'ko';
}

export function wordsFor(language: Language): Words {
  return tables[language];
}
