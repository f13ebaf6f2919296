import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppProcess, type AppProcessOptions } from '../support/app-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const STARTS = 4;
const MESSAGES = 300;
const TIMEOUT = 30_000;

async function somewhere(): Promise<Omit<AppProcessOptions, 'name'>> {
  const directory = mkdtempSync(join(tmpdir(), 'hosting-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return { port: await freePort(), storePathRootDir: join(directory, 'store') };
}

const prepare = (place: Omit<AppProcessOptions, 'name'>, names: readonly string[]) =>
  Promise.all(names.map((name) => AppProcess.prepare({ ...place, name })));

/** What is sent from now on is acknowledged to each of them. */
async function goesOn(apps: readonly AppProcess[], count = MESSAGES): Promise<void> {
  const before = apps.map(({ sent }) => sent.size);
  await eventually(() => apps.every(({ sent }, i) => sent.size >= before[i]! + count), TIMEOUT);
}

/** Whatever was acknowledged to any of them was consumed by one. */
async function expectNothingLost(apps: readonly AppProcess[]): Promise<void> {
  const sent = apps.flatMap((app) => [...app.sent]);
  await eventually(() => sent.every((id) => apps.some(({ got }) => got.has(id))), TIMEOUT);
  expect(sent.length).toBeGreaterThan(MESSAGES);
}

describe('applications with the same loopback nameServer', () => {
  it('find one host among themselves when they start at the same moment', async () => {
    for (let i = 0; i < STARTS; i++) {
      const apps = await prepare(await somewhere(), ['a', 'b', 'c']);
      await Promise.all(apps.map((app) => app.start()));
      expect(apps.filter(({ isHost }) => isHost)).toHaveLength(1);
      await goesOn(apps, 20);
      await expect.poll(() => apps.every(({ got }) => got.size > 0), { timeout: TIMEOUT }).toBe(true);
      await Promise.all(apps.map((app) => app.end('SIGKILL')));
    }
  }, 120_000);

  it('lose nothing when one host after the other is killed under load', async () => {
    const place = await somewhere();
    const apps = await prepare(place, ['a', 'b', 'c']);
    for (const app of apps) await app.start();
    expect(apps.map(({ isHost }) => isHost)).toEqual([true, false, false]);

    await goesOn(apps);
    await apps[0]!.end('SIGKILL');
    const survivors = apps.slice(1);
    await goesOn(survivors);
    const heirs = survivors.filter(({ isHost }) => isHost);
    expect(heirs).toHaveLength(1);
    for (const { log } of survivors)
      expect(log.filter((line) => line.includes('Nothing listens on nameServer'))).toHaveLength(1);

    await heirs[0]!.end('SIGKILL');
    const last = survivors.filter((app) => app !== heirs[0]);
    await goesOn(last);
    expect(last.every(({ isHost }) => isHost)).toBe(true);

    const newcomer = await AppProcess.start({ ...place, name: 'd' });
    expect(newcomer.isHost).toBe(false);
    await goesOn([newcomer, ...last]);
    await expectNothingLost([...apps, newcomer]);
  }, 120_000);

  it('go on when the host ends as it should', async () => {
    const place = await somewhere();
    const host = await AppProcess.start({ ...place, name: 'host' });
    const guest = await AppProcess.start({ ...place, name: 'guest' });
    await goesOn([host, guest]);
    await host.end('SIGTERM');
    await goesOn([guest]);
    expect(guest.isHost).toBe(true);
    await expectNothingLost([host, guest]);
  }, 60_000);

  it('do not take over with another store, say so, and go on when the host is back', async () => {
    const place = await somewhere();
    const host = await AppProcess.start({ ...place, name: 'host' });
    const storePathRootDir = `${place.storePathRootDir}-of-the-guest`;
    const guest = await AppProcess.start({ ...place, storePathRootDir, name: 'guest' });
    expect(guest.log.join('\n')).toContain('has another store than this application');
    await goesOn([host, guest], 50);
    await host.end('SIGKILL');
    await eventually(() => guest.log.some((line) => line.includes('so it waits until the engine is back')));
    const again = await AppProcess.start({ ...place, name: 'again' });
    await goesOn([again, guest], 50);
    expect([again.isHost, guest.isHost]).toEqual([true, false]);
    await eventually(() => guest.log.some((line) => line.includes('An engine listens on nameServer')));
  }, 60_000);
});
