import { fork, type ChildProcess, type Serializable } from 'node:child_process';

/** What a process is asked: its CPU time, or something that only it knows. */
export type Question = 'cpu' | number;

/** A process of the benchmark that answers one question at a time, and ends with who started it. */
export class AskedProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** What it said when it was ready. */
    readonly greeting: string,
  ) {}

  static async start(script: URL, parameters: readonly string[]): Promise<AskedProcess> {
    const child = fork(script, parameters);
    const greeting = (await messageOf(child)) as string;
    return new AskedProcess(child, greeting);
  }

  async ask<T>(question: Question): Promise<T> {
    this.child.send(question);
    return (await messageOf(this.child)) as T;
  }

  /** Milliseconds of CPU time so far, of all threads. */
  cpuMillis(): Promise<number> {
    return this.ask('cpu');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}

function messageOf(child: ChildProcess): Promise<Serializable> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`A process of the benchmark ended: ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

/** The other end: says that it is ready, and answers what is asked. */
export function answerQuestions(greeting: string, answer: (question: number) => Promise<Serializable>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (question: Question) => {
    if (question === 'cpu') process.send!(cpuMillis());
    else void answer(question).then((said) => process.send!(said));
  });
  process.send!(greeting);
}

function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
