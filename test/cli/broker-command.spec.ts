import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runBroker } from '../../lib/cli/broker-command.js';
import { parseCommandLine } from '../../lib/cli/command-line.js';
import { RecordingLogger, temporaryDirectory } from '../support/test-store.js';

/** Runs a broker until `end`, or until it is ready; what it logged of its end. */
async function linesOf(end?: Promise<void>): Promise<string[]> {
  let onReady = () => {};
  const ready = new Promise<void>((resolve) => (onReady = resolve));
  const printed = vi.spyOn(console, 'log').mockImplementation(() => onReady());
  onTestFinished(() => printed.mockRestore());
  const store = join(temporaryDirectory(), 'store');
  const ports = ['--listen-port', '0', '--name-server-port', '0', '--store-path-root-dir', store];
  const logger = new RecordingLogger();
  await runBroker(parseCommandLine(ports), logger, end ?? ready);
  return logger.lines.filter((line) => line.includes('as soon as its start is done'));
}

describe('a broker that is asked to end', () => {
  it('while it starts says that it does so behind that', async () => {
    expect(await linesOf(Promise.resolve())).toEqual([
      'LOG The broker ends as soon as its start is done; a second signal ends it at once',
    ]);
  });

  it('when it has started does so', async () => {
    expect(await linesOf()).toEqual([]);
  });
});
