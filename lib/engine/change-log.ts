import type { Clock } from '../common/clock.js';
import { LimitedLogger } from '../common/limited-logger.js';
import type { Logger } from '../common/logger.js';
import { formatHostAddress } from '../common/socket-host.js';
import type { Answer } from '../remoting/answers.js';
import { RequestCode } from '../remoting/request-code.js';

/** Milliseconds from one line to the next: all that somebody does step by step is seen, a flood does not fill the disk. */
const INTERVAL = 100;
/** Characters of a request that a line has at most, for the same reason. */
const MAX_LENGTH = 1000;

/** Says in the log what administrators ask to be changed, and from where. */
export class ChangeLog {
  private readonly logger: LimitedLogger;

  constructor(logger: Logger, clock: Clock) {
    this.logger = new LimitedLogger(logger, clock, INTERVAL);
  }

  /** The same answer, whose requests are in the log. */
  noting<C extends RequestCode>(code: C, work: Answer<C>): Answer<C> {
    const [name] = Object.entries(RequestCode).find(([, other]) => other === code)!;
    return (request, channel) => {
      this.logger.log(() => {
        const what = String(JSON.stringify(request.header ?? request.body)).slice(0, MAX_LENGTH);
        return `${formatHostAddress(channel.remoteHost)} asks for ${name} ${what}`;
      });
      return work(request, channel);
    };
  }
}
