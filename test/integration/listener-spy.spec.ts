import { SetMetadata, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { MessageExt, RocketMQMessageListener } from '../../lib/index.js';
import { Inbox, startApp } from '../support/nest-app.js';

class MarkedGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    return Reflect.getMetadata('mark', handler) === 'marked' && handler.name === 'onMessage';
  }
}

const inbox = new Inbox<string>();

@RocketMQMessageListener({ topic: 't', consumerGroup: 'g', messageType: String })
@UseGuards(MarkedGuard)
class Listener {
  private readonly prefix = 'got ';

  @SetMetadata('mark', 'marked')
  onMessage(text: string): void {
    inbox.push(this.prefix + text);
  }
}

it('calls what a test puts in the place of a method, and the method again afterwards', async () => {
  const app = await startApp({ providers: [Listener] });
  const instance = app.module.get(Listener);
  const spy = vi.spyOn(instance, 'onMessage');
  await app.template.syncSend('t', 'through');
  expect(await inbox.take()).toEqual(['got through']);
  expect(spy).toHaveBeenCalledExactlyOnceWith('through', expect.any(MessageExt), expect.anything());

  spy.mockImplementation((text) => inbox.push(`instead of ${text}`));
  await app.template.syncSend('t', 'this');
  expect(await inbox.take(2)).toEqual(['got through', 'instead of this']);

  spy.mockRestore();
  await app.template.syncSend('t', 'again');
  expect((await inbox.take(3)).at(-1)).toBe('got again');
});
