import type { Clock } from '../common/clock.js';
import { LimitedLogger } from '../common/limited-logger.js';
import type { Logger } from '../common/logger.js';
import { formatHostAddress } from '../common/socket-host.js';
import { registerAnswer, type Answer } from '../remoting/answers.js';
import { RequestCode } from '../remoting/request-code.js';
import type { RequestDispatcher } from '../remoting/request-dispatcher.js';

/** Lines of so many milliseconds: a tool makes several changes at once, and a flood must not fill the disk. */
const LINES = 600;
const INTERVAL = 60_000;
/** Characters of a request that a line has at most, for the same reason. */
const MAX_LENGTH = 1000;

/** Registers answers; `change` also says in the log what administrators ask to be changed, and from where. */
export function withChangeLog(dispatcher: RequestDispatcher, logger: Logger, clock: Clock) {
  const limited = new LimitedLogger(logger, clock, INTERVAL, LINES);
  const answer = <C extends RequestCode>(code: C, work: Answer<C>) => registerAnswer(dispatcher, code, work);
  const change = <C extends RequestCode>(code: C, work: Answer<C>) =>
    answer(code, noting(limited, code, work));
  return { answer, change };
}

/** The same answer, whose requests are in the log. */
function noting<C extends RequestCode>(limited: LimitedLogger, code: C, work: Answer<C>): Answer<C> {
  const [name] = Object.entries(RequestCode).find(([, other]) => other === code)!;
  return (request, channel) => {
    limited.log(() => {
      const what = String(JSON.stringify(request.header ?? request.body)).slice(0, MAX_LENGTH);
      return `${formatHostAddress(channel.remoteHost)} asks for ${name} ${what}`;
    });
    return work(request, channel);
  };
}
