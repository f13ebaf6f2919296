import { createServer } from 'node:net';

/** Below those that systems give to connections: a port stays free between a look at it, its use, and its use after a kill. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;
const given = new Set<number>();

/** A port for a broker, with its VIP and HA ports, or for a name server with a broker three further. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + 10 * Math.floor((Math.random() * (LAST_PORT - FIRST_PORT)) / 10);
    if (given.has(port)) continue;
    given.add(port);
    const isFree = await Promise.all([-2, 0, 1, 3].map((offset) => canListen(port + offset)));
    if (isFree.every(Boolean)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
