import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { SerializeType } from '../../lib/remoting/codec/remoting-frame.js';
import { BareCutter } from './bare-cutter.js';
import {
  ANSWER_FIELDS,
  answerTemplate,
  bodyStart,
  FIRST_OPAQUE,
  readHeader,
  REQUEST_FIELDS,
  requestTemplate,
  writeDigits,
  type FrameTemplate,
} from './bare-frames.js';
import { BareJoiner } from './bare-joiner.js';
import type { BareStore } from './bare-store.js';

const QUEUES = 8;
/** Requests under way stand at the last bits of their numbers; more than are ever in flight. */
const PLACES = 4096;
const OPAQUE_DIGITS = 10;
const TIME_DIGITS = 13;
/** Of a unique id those that count. */
const COUNTER_DIGITS = 4;
const OFFSET_DIGITS = 12;

const byQueue = (template: (queueId: number) => FrameTemplate): FrameTemplate[] =>
  Array.from({ length: QUEUES }, (_, queueId) => template(queueId));

/**
 * The least that a durable broker over TCP can do in Node: look for the few fields that matter, give the body to a
 * {@link BareStore}, and when the record is as safe as asked answer with a frame that is there but for three numbers,
 * all answers of a turn with one write. No topics, no checks, no errors, no limits.
 */
export class BareTcpServer {
  private readonly offsets = new Float64Array(QUEUES);

  constructor(
    private readonly store: BareStore,
    private readonly type: SerializeType,
  ) {}

  listen(): Promise<number> {
    return new Promise((resolve) => {
      const server = createServer({ noDelay: true }, (socket) => this.serve(socket));
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  private serve(socket: Socket): void {
    const templates = byQueue((queueId) => answerTemplate(this.type, queueId));
    const joiner = new BareJoiner(socket);
    const onFrame = (bytes: Buffer, start: number, end: number): void => {
      const { opaque, number: queueId, text } = readHeader(this.type, bytes, start, REQUEST_FIELDS);
      if (text === '') throw new Error('a message without properties');
      const body = bytes.subarray(bodyStart(bytes, start), end);
      const offset = this.offsets[queueId]!++;
      this.store.put(queueId, body, () => answer(joiner, this.type, templates[queueId]!, opaque, offset));
    };
    const cutter = new BareCutter(onFrame);
    socket.on('data', (chunk) => cutter.push(chunk));
    socket.on('error', () => socket.destroy());
  }
}

/** The least that a client can do: requests that are there but for three numbers, joined; answers by their number. */
export class BareTcpClient {
  private readonly templates: readonly FrameTemplate[];
  private readonly waiting = Array.from<(() => void) | undefined>({ length: PLACES });
  private readonly joiner: BareJoiner;
  private count = 0;
  private now = Date.now();

  private constructor(
    socket: Socket,
    private readonly type: SerializeType,
  ) {
    this.templates = byQueue((queueId) => requestTemplate(type, queueId));
    this.joiner = new BareJoiner(socket);
    const cutter = new BareCutter((bytes, start) => this.onAnswer(bytes, start));
    socket.on('data', (chunk) => {
      this.now = Date.now();
      cutter.push(chunk);
    });
  }

  static open(port: number, type: SerializeType): Promise<BareTcpClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('connect', () => resolve(new BareTcpClient(socket, type)));
      socket.once('error', reject);
    });
  }

  send(done: () => void): void {
    const number = this.count++;
    const opaque = FIRST_OPAQUE + number;
    const template = this.templates[number % QUEUES]!;
    this.waiting[opaque % PLACES] = done;
    const start = this.joiner.add(template.bytes);
    const { bytes } = this.joiner;
    writeOpaque(bytes, start, template, this.type, opaque);
    writeDigits(bytes, start + template.idEnd, COUNTER_DIGITS, number % 10_000);
    writeDigits(bytes, start + template.numberEnd, TIME_DIGITS, this.now);
  }

  private onAnswer(bytes: Buffer, start: number): void {
    const { opaque, text } = readHeader(this.type, bytes, start, ANSWER_FIELDS);
    if (text === '') throw new Error('an answer without an id');
    const done = this.waiting[opaque % PLACES]!;
    this.waiting[opaque % PLACES] = undefined;
    done();
  }
}

function answer(
  joiner: BareJoiner,
  type: SerializeType,
  template: FrameTemplate,
  opaque: number,
  offset: number,
): void {
  const start = joiner.add(template.bytes);
  const { bytes } = joiner;
  writeOpaque(bytes, start, template, type, opaque);
  writeDigits(bytes, start + template.idEnd, OFFSET_DIGITS, offset);
  writeDigits(bytes, start + template.numberEnd, OFFSET_DIGITS, offset);
}

function writeOpaque(
  bytes: Buffer,
  start: number,
  { opaqueAt }: FrameTemplate,
  type: SerializeType,
  opaque: number,
): void {
  if (type === 'JSON') writeDigits(bytes, start + opaqueAt + OPAQUE_DIGITS, OPAQUE_DIGITS, opaque);
  else bytes.writeInt32BE(opaque, start + opaqueAt);
}
