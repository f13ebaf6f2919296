/** Of every answer to a pull that was carried out (PullMessageResponseHeader). */
export interface PullMessageResponseHeader {
  readonly suggestWhichBrokerId: number;
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}
