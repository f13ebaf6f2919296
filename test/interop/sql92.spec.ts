import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterSyntaxError } from '../../lib/common/filter/filter-syntax-error.js';
import { parseSelector } from '../../lib/common/filter/selector-parser.js';
import { arbitraryProperties, arbitrarySelector } from '../support/arbitrary-selector.js';

import { JARS, runJava, workDirectory } from './java.js';

const EXPRESSIONS = 20_000;
const MESSAGES = 12;

type Messages = readonly ReadonlyMap<string, string>[];

/** The same for each message as Apache's evaluator says. */
function evaluate(expression: string, messages: Messages): string {
  try {
    const { evaluate: answer } = parseSelector(expression);
    return messages.map((message) => attempt(() => String(answer(message)))).join(' ');
  } catch (error) {
    if (error instanceof FilterSyntaxError) return 'refused';
    throw error;
  }
}

function attempt(answer: () => string): string {
  try {
    return answer();
  } catch {
    return 'error';
  }
}

const encode = (text: string) => Buffer.from(text).toString('base64');
const encodeMessage = (message: ReadonlyMap<string, string>) => [...message].flat().map(encode).join(':');

describe('SQL92', () => {
  it('selects what Apache selects', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const cases = fc.sample(
      fc.tuple(
        arbitrarySelector,
        fc.array(arbitraryProperties, { minLength: MESSAGES, maxLength: MESSAGES }),
      ),
      { numRuns: EXPRESSIONS, seed },
    );
    const file = join(workDirectory(), 'cases');
    const lines = cases.map(([text, messages]) => [encode(text), ...messages.map(encodeMessage)].join(' '));
    writeFileSync(file, lines.join('\n'));
    const answers = await runJava('Evaluator', { jars: JARS }, file);
    const expected = cases.map(([text], i) => `seed ${seed}: ${text} => ${answers[i]}`);
    const actual = cases.map(([text, messages]) => `seed ${seed}: ${text} => ${evaluate(text, messages)}`);
    expect(answers.filter((answer) => answer !== 'refused').length).toBeGreaterThan(EXPRESSIONS / 4);
    expect(actual.filter((line, i) => line !== expected[i])).toEqual(
      expected.filter((line, i) => line !== actual[i]),
    );
  }, 60_000);
});
