/** The messages of SEND_BATCH_MESSAGE, which have topic, queue and times in common. */
export type MessageBatch = readonly BatchMessage[];

export interface BatchMessage {
  readonly flag: number;
  readonly body: Buffer;
  readonly properties: ReadonlyMap<string, string>;
}
