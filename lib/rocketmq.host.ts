import { connect, type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { escapedLogger } from './common/logger.js';
import type { Clock } from './common/clock.js';
import { Pause } from './common/pause.js';
import type { EmbeddedEngine } from './engine/index.js';
import { ConfigurationError, StoreLockedError } from './errors/index.js';
import {
  cannotLookAtStore,
  cannotTakeOver,
  engineRunsHere,
  hostIsBack,
  hostIsGone,
  hostHasOtherStore,
  waitingForHost,
} from './rocketmq.messages.js';
import { isListening, type HostingTarget } from './rocketmq.target.js';

/** Milliseconds that a start waits for the application that got port or store first. */
const START_TIMEOUT = 10_000;
const RETRY_INTERVAL = 200;
/** Longest pause after a take-over that failed on its own: each may read much of the store. */
const MAX_TAKE_OVER_PAUSE = 30_000;

export interface EngineHostOptions {
  readonly target: HostingTarget;
  readonly createEngine: () => EmbeddedEngine;
  /** Lets the clients of this application reach an engine that runs in it. */
  readonly attach: (engine: EmbeddedEngine) => void;
  readonly clock: Clock;
  /** Fails when what listens at the address is no name server. */
  readonly reachNameServer: () => Promise<void>;
  /** The brokers know nothing of this application any more. */
  readonly onHostChanged: () => void;
}

/**
 * Runs the engine behind a loopback `nameServer` that several applications share. Whoever finds nothing there
 * becomes the host, the others are guests; when the host ends, a guest with the same store takes its place. Port and store
 * lock, of which there is one each, decide between several.
 */
export class EngineHost {
  /** The engine, if it runs in this process. */
  engine: EmbeddedEngine | undefined;
  /** Beside what application the messages are kept, whoever is the host. */
  readonly storePathRootDir: string;
  private readonly logger = escapedLogger(new Logger('RocketMQ'));
  private sharesStore = false;
  private socket: Socket | undefined;
  private recovery: Promise<void> = Promise.resolve();
  private lastFault: string | undefined;
  /** Milliseconds until the next take-over after one that failed, and when that is, in the time of {@link Clock.monotonicNow}. */
  private takeOverPause = RETRY_INTERVAL;
  private nextTakeOver = 0;
  private readonly pause: Pause;
  private isClosed = false;

  /** @throws ConfigurationError for an option of the engine that is not allowed. */
  constructor(private readonly options: EngineHostOptions) {
    this.pause = new Pause(options.clock);
    this.storePathRootDir = options.createEngine().storePathRootDir;
  }

  /**
   * Becomes host or guest.
   *
   * @throws StoreLockedError, ConfigurationError when store or port stay taken by someone who does not listen at the address;
   * MQClientError when what listens there is no name server.
   */
  async start(): Promise<void> {
    const { clock, target } = this.options;
    const deadline = clock.monotonicNow() + START_TIMEOUT;
    for (;;) {
      const isGuest = await isListening(target.address);
      try {
        return await (isGuest
          ? this.join()
          : this.host(`Nothing listens on nameServer ${target.nameServer}`));
      } catch (error) {
        const mayPass = isGuest ? !(await isListening(target.address)) : isTaken(error);
        if (!mayPass || clock.monotonicNow() >= deadline) throw error;
        this.sayOnce('warn', waitingForHost(target.nameServer, faultOf(error), START_TIMEOUT));
      }
      await this.pause.wait(RETRY_INTERVAL);
      if (this.isClosed) throw new ConfigurationError('The application was closed while it started');
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.pause.end();
    this.socket?.destroy();
    await this.recovery;
    await this.engine?.shutdown();
  }

  private async join(): Promise<void> {
    await this.options.reachNameServer();
    this.sharesStore = this.isStoreInUse();
    const { nameServer } = this.options.target;
    if (!this.sharesStore) this.logger.log(hostHasOtherStore(nameServer, this.storePathRootDir));
    this.watch();
  }

  /** A store that this application may not even look at is none that it could take over. */
  private isStoreInUse(): boolean {
    try {
      return this.options.createEngine().isStoreInUse();
    } catch (error) {
      this.logger.warn(cannotLookAtStore(this.storePathRootDir, (error as Error).message));
      return false;
    }
  }

  private async host(reason: string): Promise<void> {
    const engine = this.options.createEngine();
    await engine.start();
    this.engine = engine;
    this.options.attach(engine);
    this.logger.log(engineRunsHere(reason, engine.storePathRootDir, engine.listenAddress));
  }

  /** A connection that says nothing, and ends when the host does, or when it was idle for too long. */
  private watch(): void {
    this.socket = connect(this.options.target.address);
    this.socket.on('error', () => {});
    this.socket.resume();
    this.socket.on('close', () => {
      if (!this.isClosed) this.recovery = this.recover();
    });
  }

  private async recover(): Promise<void> {
    const { target, onHostChanged, clock } = this.options;
    // Until then a port or store that is taken means that another guest was faster.
    const deadline = clock.monotonicNow() + START_TIMEOUT;
    let isLost = false;
    this.takeOverPause = RETRY_INTERVAL;
    this.nextTakeOver = 0;
    while (!this.isClosed) {
      if (await isListening(target.address)) {
        if (isLost) await this.rejoin();
        else if (!(await this.paused())) this.watch();
        return;
      }
      if (!isLost) this.logger.warn(hostIsGone(target.nameServer, this.sharesStore));
      isLost = true;
      const isDue = this.sharesStore && clock.monotonicNow() >= this.nextTakeOver;
      if (isDue && (await this.takeOver(deadline))) return onHostChanged();
      await this.pause.wait(RETRY_INTERVAL);
    }
  }

  private async rejoin(): Promise<void> {
    const { target, onHostChanged } = this.options;
    this.logger.log(hostIsBack(target.nameServer));
    this.sharesStore = this.isStoreInUse();
    if (!this.sharesStore) this.logger.warn(hostHasOtherStore(target.nameServer, this.storePathRootDir));
    onHostChanged();
    this.watch();
  }

  /** The former host gives the store free only when everything is on the disk, or it is dead. */
  private async takeOver(deadline: number): Promise<boolean> {
    const { clock, target } = this.options;
    const { nameServer } = target;
    try {
      await this.host(`The application that was the host of nameServer ${nameServer} has ended`);
      return true;
    } catch (error) {
      const now = clock.monotonicNow();
      if (isTaken(error) && now < deadline) return false;
      this.sayOnce('error', cannotTakeOver(nameServer, faultOf(error)));
      if (isTaken(error)) return false;
      this.takeOverPause = Math.min(2 * this.takeOverPause, MAX_TAKE_OVER_PAUSE);
      this.nextTakeOver = now + this.takeOverPause;
      return false;
    }
  }

  private sayOnce(level: 'warn' | 'error', text: string): void {
    if (text !== this.lastFault) this.logger[level](text);
    this.lastFault = text;
  }

  /** Waits a little; true when this was closed meanwhile. */
  private async paused(): Promise<boolean> {
    await this.pause.wait(RETRY_INTERVAL);
    return this.isClosed;
  }
}

/** Whether another application was faster. */
function isTaken(error: unknown): boolean {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return error instanceof StoreLockedError || cause?.code === 'EADDRINUSE';
}

/** Who waits for the store shares it already, and needs no advice. */
function faultOf(error: unknown): string {
  return error instanceof StoreLockedError ? error.fault : (error as Error).message;
}
