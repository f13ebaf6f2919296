import { PopClient } from '../../../support/pop-client.js';
import { VirtualBroker } from '../../../support/virtual-broker.js';

/** A broker of which the group g pops from the topic t. */
export class PopBroker extends VirtualBroker {
  group!: PopClient;

  override async start(): Promise<void> {
    await super.start();
    this.group = this.groupOf('t', 'g');
  }

  groupOf(topic: string, group: string, client = this.client): PopClient {
    return new PopClient(client, topic, group, () => this.clock.now());
  }

  async send(...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      const { code } = await this.client.send('t', { body, properties: { UNIQ_KEY: body, TAGS: 'a' } });
      if (code !== 0) throw new Error(`code ${code}`);
    }
  }
}
