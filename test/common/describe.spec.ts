import { BadRequestException, ForbiddenException, HttpException } from '@nestjs/common';
import { expect, it } from 'vitest';
import { describe, describeWithStack } from '../../lib/common/describe.js';

class CodedException extends HttpException {
  constructor() {
    super({ code: 'SOLD_OUT', order: { id: 7 } }, 409);
  }
}

it.each<[unknown, string]>([
  [new RangeError('too many'), 'RangeError: too many'],
  [new Error(), 'Error'],
  ['text', 'text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'Symbol(s)'],
  [{ code: 'X', of: ['a\nb'] }, "{ code: 'X', of: [ 'a\\nb' ] }"],
  [Object.assign(Object.create(null), { code: 1 }), '[Object: null prototype] { code: 1 }'],
  [{ of: { message: { body: 'secret' } } }, '{ of: { message: [Object] } }'],
  [new ForbiddenException(), 'ForbiddenException: Forbidden'],
  [new BadRequestException('no such order'), 'BadRequestException: no such order'],
  [
    new BadRequestException(['id must be a number', 'name must be a text']),
    'BadRequestException: Bad Request Exception: id must be a number, name must be a text',
  ],
  [new CodedException(), "CodedException: Coded Exception: { code: 'SOLD_OUT', order: { id: 7 } }"],
])('%s is described in one line', (error, text) => {
  expect(describe(error)).toBe(text);
});

it('the stack follows where it is asked for', () => {
  const [line, ...frames] = describeWithStack(new BadRequestException(['id must be a number'])).split('\n');
  expect(line).toBe('BadRequestException: Bad Request Exception: id must be a number');
  expect(frames[0]).toContain('describe.spec.ts');
  expect(describeWithStack('text')).toBe('text');
});
