import { once } from 'node:events';
import { createServer } from 'node:net';

/** Sends back what it gets: the least that it can take to ask another process. Prints where it listens. */
const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('data', (data) => socket.write(data));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (typeof address === 'object') console.log(`ready ${address?.port}`);
