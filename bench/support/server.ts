import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasuredProcess } from './measured-process.js';

/** A server that was started, and where clients find it: its port, or the address of its name server. */
export interface Server {
  readonly process: MeasuredProcess;
  readonly address: string;
  stop(): Promise<void>;
}

/** Where a program is, if it is on the PATH. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Until somebody listens on a port of 127.0.0.1. */
export async function untilListening(port: number, server: MeasuredProcess): Promise<void> {
  while (!(await canConnect(port))) {
    if (server.hasEnded()) throw new Error(`The server for port ${port} ended before it listened`);
    await sleep(5);
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
