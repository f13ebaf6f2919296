import type { Peer } from './peers.js';

/**
 * The peers of which `wanted` has the name (comma between them; all without it) and that are installed; `notify` is told of those that are not.
 *
 * @throws Error when a name is unknown, or nobody is left.
 */
export function pickPeers(
  peers: readonly Peer[],
  wanted: string | undefined,
  notify: (notice: string) => void,
): Peer[] {
  const known = [...new Set(peers.map(({ name }) => name))];
  const names = wanted?.split(',') ?? known;
  const unknown = names.filter((name) => !known.some((other) => other === name));
  if (unknown.length > 0) throw new Error(`BENCH_PEERS has ${unknown.join()}; allowed: ${known.join()}`);
  const picked = peers.filter(({ name }) => names.includes(name)).filter((peer) => isThere(peer, notify));
  if (picked.length === 0) throw new Error('None of the peers in BENCH_PEERS is installed');
  return picked;
}

function isThere(peer: Peer, notify: (notice: string) => void): boolean {
  const missing = peer.missing();
  if (missing !== undefined) notify(`${peer.label} is left out: ${missing}`);
  return missing === undefined;
}
