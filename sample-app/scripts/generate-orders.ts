import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

const ARTICLES = ['rocket', 'engine', 'fuel', 'helmet', 'map of the moon', '火箭'];

/** Writes a file of JSON lines with made-up orders, the same ones every time: `generate-orders [FILE] [COUNT]`. */
async function generateOrders(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  let seed = 1;
  for (let i = 0; i < count; i++) {
    // A small linear congruential generator: the orders need no more randomness than this.
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    const article = ARTICLES[seed % ARTICLES.length];
    const order = { id: `import-${i}`, article, quantity: 1 + ((seed >>> 8) % 10) };
    if (!file.write(`${JSON.stringify(order)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  console.log(`${count} orders are in ${path}`);
}

const [path = 'orders.jsonl', count = '10000'] = process.argv.slice(2);
await generateOrders(path, Number(count));
