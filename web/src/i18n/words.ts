/** The texts of a character's form. */
export type FieldName =
  | 'name'
  | 'category'
  | 'source_work'
  | 'description'
  | 'gender'
  | 'species'
  | 'age'
  | 'height'
  | 'job'
  | 'personality'
  | 'appearance'
  | 'likes'
  | 'dislikes'
  | 'speech_style'
  | 'thoughts'
  | 'features'
  | 'habits'
  | 'guidelines'
  | 'tags'
  | 'sample_dialogue'
  | 'worldview'
  | 'greeting';

/** Everything the page says, in one language. */
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
  search: string;
  clearSearch: string;
  allCategories: string;
  categories: string;
  mine: string;
  presetsTitle: string;
  nothingFound: (name: string) => string;
  showAll: string;
  noneOwn: string;
  noneOwnHint: string;
  create: string;
  importCard: string;
  dropCard: string;
  imported: (name: string) => string;
  notCard: string;
  tooLarge: string;
  unreachable: string;
  wentWrong: string;
  edit: string;
  remove: string;
  exportCard: string;
  copyToMine: string;
  scene: string;
  moreAbout: (name: string) => string;
  removeCharacter: (name: string) => string;
  removeCharacterHint: string;
  removeTalk: string;
  removeTalkHint: string;
  cancel: string;
  pastTitle: string;
  continueTalk: string;
  turns: (n: number) => string;
  noWords: string;
  unknownCharacter: string;
  home: string;
  sceneTitle: (name: string) => string;
  opponent: string;
  situation: string;
  situationHint: string;
  background: string;
  backgroundHint: string;
  writeStory: string;
  writing: string;
  stopWriting: string;
  storyFailed: string;
  begin: string;
  details: string;
  turnsOf: (turn: number, max: number) => string;
  turnsSoFar: (n: number) => string;
  turnLabel: string;
  turnsLeft: (n: number) => string;
  turnLimit: string;
  turnLimitHint: string;
  memoryUse: string;
  summarized: (n: number) => string;
  speechMode: string;
  modeRealtime: string;
  modeDelayed: string;
  modeOnClick: string;
  modeRealtimeHint: string;
  modeDelayedHint: string;
  modeOnClickHint: string;
  listen: string;
  replay: string;
  replaySentence: string;
  sentences: string;
  copy: string;
  copied: string;
  whySlow: string;
  whySlowTitle: string;
  phaseWait: string;
  phaseToken: string;
  phaseSentence: string;
  phaseSpeech: string;
  phaseBuffer: string;
  firstHeard: string;
  wholeAnswer: string;
  stutters: (n: number) => string;
  noStutters: string;
  seconds: (text: string) => string;
  tokensUsed: (read: number, written: number) => string;
  summarizedNow: string;
  exportText: string;
  exportJson: string;
  speakIn: string;
  listening: string;
  micDenied: string;
  remembered: string;
  summaryTitle: string;
  factsTitle: string;
  nothingRemembered: string;
  forget: (name: string) => string;
  settings: string;
  language: string;
  theme: string;
  themeSystem: string;
  themeLight: string;
  themeDark: string;
  model: string;
  modelDefault: string;
  temperature: string;
  temperatureDefault: string;
  temperatureLow: string;
  temperatureHigh: string;
  settingsHint: string;
  account: string;
  login: string;
  loginHint: string;
  loginNone: string;
  logout: string;
  loginFailed: string;
  loginDenied: string;
  loginExpired: string;
  needsLogin: string;
  newTitle: string;
  newHint: string;
  editTitle: (name: string) => string;
  stepOf: (turn: number, max: number) => string;
  next: string;
  fillMyself: string;
  fillOffer: string;
  fillIt: string;
  fillingIn: string;
  regenerate: string;
  regenerationsLeft: (n: number) => string;
  draftFailed: string;
  draftLogin: string;
  save: string;
  saving: string;
  saveAndTalk: string;
  saved: (name: string) => string;
  leaveUnsaved: string;
  leave: string;
  required: string;
  pictureAddress: string;
  pictureAddressHint: string;
  voice: string;
  previewVoice: string;
  previewFailed: string;
  previewText: (name: string) => string;
  sectionWho: string;
  sectionMind: string;
  sectionScene: string;
  listHint: string;
  greetSetting: string;
  menu: string;
  close: string;
  sceneNow: string;
  tryAgain: string;
  fieldWrong: string;
  stopPreview: string;
  factsLogin: string;
  looks: string;
  lookPortrait: string;
  lookFigure: string;
  figureTitle: string;
  figureHint: string;
  figureNeedsPicture: string;
  figureMake: string;
  figureAgain: string;
  figureRemove: string;
  figureSending: string;
  figureWaiting: string;
  figurePicture: string;
  figureStyle: string;
  figureMesh: string;
  figureStoring: string;
  figureRetrying: string;
  figureFailed: string;
  figureCancelled: string;
  figureDone: string;
  figureElsewhere: string;
  figureUnseen: string;
  figureTurn: string;
  picture: string;
  pictureChoose: string;
  pictureReplace: string;
  pictureRemove: string;
  pictureHint: string;
  pictureByAddress: string;
  pictureFrame: string;
  pictureFrameHint: string;
  pictureFitHint: string;
  pictureCrop: string;
  pictureFit: string;
  pictureZoom: string;
  pictureUse: string;
  pictureUploading: string;
  notPicture: string;
  pictureTooLarge: string;
  pictureTooSmall: string;
  figureLabel: (name: string) => string;
  figureAbout: (n: number) => string;
  factTell: string;
  factTellHint: string;
  factTellSend: string;
  correct: (name: string) => string;
  fields: Record<FieldName, string>;
  errors: Record<string, string>;
}
