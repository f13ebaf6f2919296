import { createInterface } from 'node:readline';
import { spawnJava } from './java.js';

const END = '--- the command has ended ---';

/** The real mqadmin: one JVM for many commands. */
export class MqAdmin {
  private readonly lines: AsyncIterator<string>;

  private constructor(
    private readonly child: ReturnType<typeof spawnJava>,
    private readonly namesrvAddr: string,
  ) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** `directory` is for logs. */
  static start(directory: string, namesrvAddr: string): MqAdmin {
    const system = { 'com.rocketmq.sendMessageWithVIPChannel': 'false' };
    return new MqAdmin(spawnJava(directory, 'Admin', { system }, END), namesrvAddr);
  }

  /** Runs a command and returns what it prints. */
  async run(...command: string[]): Promise<string> {
    this.child.stdin.write(`${[...command, '-n', this.namesrvAddr].join('\t')}\n`);
    const output: string[] = [];
    for (;;) {
      const { done, value } = await this.lines.next();
      if (done === true) throw new Error(`mqadmin has ended: ${output.join('\n')}`);
      if (value === END) return output.join('\n').trim();
      output.push(value);
    }
  }

  stop(): void {
    this.child.kill();
  }
}
