import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

/** Directory with the jars of Apache RocketMQ and all it depends on. */
export const JARS = process.env['ROCKETMQ_INTEROP_JARS']!;

/** Directory with those of Apache's proxy of the same version; not there if they could not be fetched. */
export const PROXY_JARS = `${JARS}-proxy`;

/** Directory with the jars of the official client of another version; not there if they could not be fetched. */
export const clientJars = (version: string) => join(JARS, '..', `client-${version}`);

/** What Apache's start script opens for it; and a JVM that starts soon, and leaves the machine to the others. */
const JVM_OPTIONS = [
  ...['java.lang', 'java.util', 'java.nio', 'sun.nio.ch'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '-Xmx512m',
  '-XX:MaxDirectMemorySize=512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
];

/** Else logging says on standard output how it was configured, as soon as there is something to warn of. */
const QUIET = 'org.apache.rocketmq.logging.ch.qos.logback.core.status.NopStatusListener';

const run = promisify(execFile);

/** Names and values of `-D`. */
export type SystemProperties = Readonly<Record<string, string>>;

export type Cleanup = () => void | Promise<void>;

/** Runs the cleanup when whatever it is for has ended. */
export type Until = (cleanup: Cleanup) => void;

export interface JavaOptions {
  /** The version that {@link JARS} has by default. */
  readonly jars?: string;
  readonly system?: SystemProperties;
}

/** A directory of its own, until the test ends. */
export function workDirectory(until: Until = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-interop-'));
  until(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Arguments of `java` for a class on the class path, or the source of a program. Logs go to the home directory. */
export function javaArguments(home: string, main: string, { jars = JARS, system }: JavaOptions): string[] {
  const all = { 'user.home': home, 'logback.statusListenerClass': QUIET, ...system };
  const properties = Object.entries(all).map(([k, v]) => `-D${k}=${v}`);
  return [...JVM_OPTIONS, ...properties, '-cp', `${jars}/*`, main];
}

const sourceOf = (program: string) => fileURLToPath(new URL(`java/${program}.java`, import.meta.url));

/** Starts a program of `java/`, to which lines can be written; files that it makes go to the home directory. */
export function spawnJava(
  home: string,
  program: string,
  options: JavaOptions,
  ...parameters: readonly string[]
): ChildProcessByStdio<Writable, Readable, null> {
  const main = javaArguments(home, sourceOf(program), options);
  return spawn('java', [...main, ...parameters], { cwd: home, stdio: ['pipe', 'pipe', 'ignore'] });
}

/** Runs a program of `java/` to its end, that of the test at the latest, and returns the lines that it printed. */
export async function runJava(
  program: string,
  options: JavaOptions,
  ...parameters: readonly string[]
): Promise<string[]> {
  const main = javaArguments(workDirectory(), sourceOf(program), options);
  const running = run('java', [...main, ...parameters], { maxBuffer: 64 * 1024 * 1024 });
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const { stdout } = await running;
  return stdout.split('\n').filter((line) => line !== '');
}
