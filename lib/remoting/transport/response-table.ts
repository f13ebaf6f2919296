import type { TcpCall } from './tcp-call.js';

/** At first; twice as many whenever half of them are taken. A power of two, so that the last bits of a number name a place. */
const PLACES = 64;
const MAX_OPAQUE = 0x7fffffff;

/**
 * The requests of a connection that wait for their answers (NettyRemotingAbstract.responseTable), each at the place that
 * the last bits of its number name. A `Map` would do, but for the collector of garbage: see `RingMember`.
 */
export class ResponseTable {
  /** Signs of life of the peer, of any kind: cheaper to count than to note when they came. */
  heard = 0;
  private places = emptyPlaces(PLACES);
  private size = 0;
  private opaque = 0;

  constructor(readonly onExpired: (call: TcpCall) => void = () => {}) {}

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** A number whose place is free; those of requests that wait for long are passed over. */
  nextOpaque(): number {
    if (2 * this.size >= this.places.length) this.grow();
    do this.opaque = (this.opaque + 1) & MAX_OPAQUE;
    while (this.places[this.placeOf(this.opaque)] !== undefined);
    return this.opaque;
  }

  /** Takes a request with the number that {@link nextOpaque} gave it last. */
  add(call: TcpCall): void {
    this.places[this.placeOf(call.opaque)] = call;
    this.size++;
  }

  find(opaque: number): TcpCall | undefined {
    const call = this.places[this.placeOf(opaque)];
    return call?.opaque === opaque ? call : undefined;
  }

  remove({ opaque }: TcpCall): void {
    this.places[this.placeOf(opaque)] = undefined;
    this.size--;
  }

  members(): TcpCall[] {
    return this.places.filter((call) => call !== undefined);
  }

  private placeOf(opaque: number): number {
    return opaque & (this.places.length - 1);
  }

  /** Numbers that differ in their last bits differ in one more, too. */
  private grow(): void {
    const calls = this.members();
    this.places = emptyPlaces(2 * this.places.length);
    for (const call of calls) this.places[this.placeOf(call.opaque)] = call;
  }
}

function emptyPlaces(count: number): (TcpCall | undefined)[] {
  return Array.from({ length: count });
}
