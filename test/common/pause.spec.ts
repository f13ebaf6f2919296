import { describe, expect, it } from 'vitest';
import { Pause } from '../../lib/common/pause.js';
import { VirtualClock } from '../support/virtual-clock.js';

function create() {
  const clock = new VirtualClock();
  const pause = new Pause(clock);
  const ended: string[] = [];
  const begin = (name: string) => void pause.wait(100).then(() => ended.push(name));
  return { clock, pause, ended, begin };
}

describe('Pause', () => {
  it('lasts as long as it is to', async () => {
    const { clock, ended, begin } = create();
    begin('first');
    await clock.advance(99);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['first']);
  });

  it('is cut short, and the next one is not', async () => {
    const { clock, pause, ended, begin } = create();
    pause.end();
    begin('first');
    pause.end();
    await clock.advance(0);
    expect(ended).toEqual(['first']);
    begin('second');
    await clock.advance(99);
    expect(ended).toEqual(['first']);
    await clock.advance(1);
    expect(ended).toEqual(['first', 'second']);
  });
});
