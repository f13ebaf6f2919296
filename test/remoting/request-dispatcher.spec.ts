import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../lib/remoting/channel.js';
import { success, type RemotingRequest, type RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { RequestDispatcher } from '../../lib/remoting/request-dispatcher.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { RecordingLogger } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('RequestDispatcher', () => {
  const request: RemotingRequest = {
    code: RequestCode.GET_MAX_OFFSET,
    header: { topic: 't', queueId: 1 },
    body: undefined,
  };

  function dispatch(dispatcher: RequestDispatcher): RemotingResponse[] {
    const answers: RemotingResponse[] = [];
    const remoteHost = { address: Buffer.alloc(4), port: 1 };
    const channel = {
      remoteHost,
      language: 'OTHER',
      version: 479,
      isClosed: false,
      isWritable: true,
      push: () => {},
      invoke: () => {},
    };
    const context: RequestContext = { channel, reply: (response) => void answers.push(response) };
    dispatcher.dispatch(request, context);
    return answers;
  }

  it('hands a request to the processor of its code', () => {
    const dispatcher = new RequestDispatcher(new RecordingLogger(), new VirtualClock());
    dispatcher.register(RequestCode.GET_MIN_OFFSET, () => {
      throw new Error('not this one');
    });
    dispatcher.register(RequestCode.GET_MAX_OFFSET, ({ header }, context) =>
      context.reply(success({ offset: header.queueId }, undefined)),
    );
    expect(dispatch(dispatcher)).toEqual([expect.objectContaining({ code: 0, header: { offset: 1 } })]);
  });

  it('answers a code that it does not know', () => {
    const dispatcher = new RequestDispatcher(new RecordingLogger(), new VirtualClock());
    expect(dispatch(dispatcher)).toEqual([
      expect.objectContaining({
        code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
        remark: ' request type 30 not supported',
      }),
    ]);
  });

  it('answers for a processor that throws, and logs why once in 10 s', async () => {
    const logger = new RecordingLogger();
    const clock = new VirtualClock();
    const dispatcher = new RequestDispatcher(logger, clock);
    dispatcher.register(RequestCode.GET_MAX_OFFSET, () => {
      throw new RangeError('broken');
    });
    expect(dispatch(dispatcher)).toEqual([
      expect.objectContaining({ code: ResponseCode.SYSTEM_ERROR, remark: 'RangeError: broken' }),
    ]);
    expect(dispatch(dispatcher)).toHaveLength(1);
    expect(logger.lines).toEqual([expect.stringContaining('ERROR Request 30 failed: RangeError: broken')]);
    await clock.advance(10_000);
    dispatch(dispatcher);
    expect(logger.lines[1]).toMatch(/failed: RangeError[^]* \(1 left out before\)$/);
  });
});
