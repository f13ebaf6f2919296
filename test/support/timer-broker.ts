import { RequestCode } from '../../lib/remoting/request-code.js';
import { bodies } from './test-peers.js';
import { VirtualBroker } from './virtual-broker.js';

/** A broker to which timed messages are sent. */
export class TimerBroker extends VirtualBroker {
  async send(body: string, properties: Readonly<Record<string, string | number>>, topic = 't') {
    const texts = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, `${value}`]));
    return this.client.send(topic, { body, properties: { UNIQ_KEY: body, ...texts } });
  }

  in(millis: number) {
    return { TIMER_DELIVER_MS: this.clock.now() + millis };
  }

  async arrived(topic = 't'): Promise<string[]> {
    return bodies(await this.client.read(topic));
  }

  recall(recallHandle: string, topic = 't') {
    const header = { producerGroup: 'g', topic, recallHandle, brokerName: undefined };
    return this.client.call(RequestCode.RECALL_MESSAGE, header);
  }
}
