import { describe, expect, it } from 'vitest';
import { Introductions } from '../../lib/client/introductions.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** Brokers that answer when the test says so, and how many calls have ended. */
function open() {
  const introductions = new Introductions(new VirtualClock());
  const asked: string[] = [];
  const answers: ((isHeard: boolean) => void)[] = [];
  const tell = (address: string) => {
    asked.push(address);
    return new Promise<boolean>((resolve) => answers.push(resolve));
  };
  const ended = { count: 0 };
  const introduce = async (address: string) => {
    await introductions.tell([address], tell, () => false);
    ended.count++;
  };
  const answer = async (isHeard = true) => {
    answers.shift()!(isHeard);
    await settle();
  };
  return { introductions, asked, ended, introduce, answer };
}

describe('introductions', () => {
  it('are made once, and waited for by all who need them', async () => {
    const { asked, ended, introduce, answer } = open();
    void introduce('a');
    void introduce('a');
    await settle();
    expect(asked).toEqual(['a']);
    expect(ended.count).toBe(0);
    await answer();
    expect(ended.count).toBe(2);
    await introduce('a');
    expect(asked).toEqual(['a']);
  });

  it('are made anew after the connection broke', async () => {
    const { introductions, asked, introduce } = open();
    introductions.note('a');
    await introduce('a');
    expect(asked).toEqual([]);
    introductions.forget('a');
    void introduce('a');
    expect(asked).toEqual(['a']);
  });

  it('are made anew when they were not heard', async () => {
    const { asked, introduce, answer } = open();
    void introduce('a');
    await answer(false);
    void introduce('a');
    await answer();
    await introduce('a');
    expect(asked).toEqual(['a', 'a']);
  });
});
