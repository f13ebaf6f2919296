import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Directory with the jars of the official tools and all they depend on. */
const jars = process.env['ROCKETMQ_INTEROP_JARS']!;
const source = new URL('./java/Admin.java', import.meta.url).pathname;
const run = promisify(execFile);
const END = '--- the command has ended ---';

/** The real mqadmin: one JVM for many commands. */
export class MqAdmin {
  private readonly lines: AsyncIterator<string>;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly namesrvAddr: string,
  ) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** `directory` is for classes and logs. */
  static async start(directory: string, namesrvAddr: string): Promise<MqAdmin> {
    await run('javac', ['-d', directory, '-cp', `${jars}/*`, source]);
    const settings = [
      '-Xmx256m',
      `-Duser.home=${directory}`,
      '--add-opens=java.base/java.util=ALL-UNNAMED',
      '-Dcom.rocketmq.sendMessageWithVIPChannel=false',
    ];
    const child = spawn('java', [...settings, '-cp', `${directory}:${jars}/*`, 'Admin', END]);
    child.stderr.resume();
    return new MqAdmin(child, namesrvAddr);
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
