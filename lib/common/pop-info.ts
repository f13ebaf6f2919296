/** One entry of the fields startOffsetInfo, msgOffsetInfo and orderCountInfo of an answer to a pop (ExtraInfoUtil). */
export interface PopInfo {
  /** As in `ExtraInfo`. */
  readonly retry: string;
  /** Id of a queue; in orderCountInfo also `qo<queue id>%<queue offset>`. */
  readonly queue: string;
  /** A number, or numbers with commas between them. */
  readonly value: string;
}

export const formatPopInfo = (infos: readonly PopInfo[]): string =>
  infos.map(({ retry, queue, value }) => `${retry} ${queue} ${value}`).join(';');

/** Undefined when the text has another form. */
export function parsePopInfo(text: string): readonly PopInfo[] | undefined {
  if (text === '') return [];
  const infos: PopInfo[] = [];
  for (const entry of text.split(';')) {
    const [retry, queue, value, ...rest] = entry.split(' ');
    if (value === undefined || rest.length > 0) return undefined;
    infos.push({ retry: retry!, queue: queue!, value });
  }
  return infos;
}
