import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of one of the certificates or keys of the tests. */
export const pemPath = (name: string): string =>
  fileURLToPath(new URL(`./certificates/${name}.pem`, import.meta.url));

export const pemText = (name: string): string => readFileSync(pemPath(name), 'utf8');

/** Certificate and key of a server that `ca` signed, for `localhost` and 127.0.0.1. */
export const serverPem = { cert: pemPath('server'), key: pemPath('server-key') };
