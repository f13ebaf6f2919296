/** Names of the languages that a peer may be written in, at the index of their code (LanguageCode). */
const NAMES: readonly string[] = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
];

/** Peers older than 5.3.2 do not know `NODE_JS`, and fail on it. */
export const OWN_LANGUAGE = 'OTHER';
export const OWN_LANGUAGE_CODE = NAMES.indexOf(OWN_LANGUAGE);

/** The name of a language; one that is not known yet is another. */
export const languageName = (code: number): string => NAMES[code] ?? OWN_LANGUAGE;

/** The same for what a header says in JSON, which is kept as long as its connection. */
export const knownLanguage = (text: string): string => (NAMES.includes(text) ? text : OWN_LANGUAGE);
