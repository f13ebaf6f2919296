import { BROKER_KEYS, flagOf } from './broker-keys.js';

const HELP = `Usage: nestjs-rocketmq COMMAND

  broker [-c FILE] [--KEY VALUE ...]      run a RocketMQ: name server, broker and store
  quickstart producer|consumer [-n ADDR]  send a thousand messages to the topic TopicTest; print those that come

  -h, --help     of a command: nestjs-rocketmq broker --help
  -v, --version
`;

const QUICKSTART_HELP = `Usage: nestjs-rocketmq quickstart producer|consumer [-n ADDR]

  producer           send messages to the topic TopicTest, and print each result
  consumer           print the messages of TopicTest, from the first one on, until SIGINT or SIGTERM

  -n ADDR            name server, several with ";" between them; default: the environment variable NAMESRV_ADDR,
                     else 127.0.0.1:9876
  --count NUMBER     messages to send; default: 1000
`;

const BROKER_HELP = `Usage: nestjs-rocketmq broker [-c FILE] [--KEY VALUE ...]

Runs a RocketMQ until SIGTERM, SIGINT or SIGHUP: a broker, its store, and without namesrvAddr a name server.

  -c FILE            properties file as for Apache's mqbroker; in it keys are written as storePathRootDir. Without
                     storePathRootDir there, the store is ~/store, as Apache's is
  -n ADDR            the same as --namesrv-addr; default: the environment variable NAMESRV_ADDR, unless that is a loopback address

Exit code: 0 after one of these, 1 when the start failed, 2 for a key or value that is not allowed.

Keys, the same as in Apache's broker unless docs/guide.md says otherwise; flags win over the file:

`;

/** The help of a command, or of all. */
export function helpOf(command: string | undefined): string {
  if (command === 'quickstart') return QUICKSTART_HELP;
  return command === 'broker' ? BROKER_HELP + keyLines() : HELP;
}

function keyLines(): string {
  const lines = [...BROKER_KEYS].map(([name, { rule }]) => {
    const byDefault = rule.default === undefined ? 'none' : JSON.stringify(rule.default);
    return `  --${flagOf(name)}\n      ${rule.allowed}; default: ${byDefault}\n`;
  });
  return lines.join('');
}
