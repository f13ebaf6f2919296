import { isIPv4, isIPv6 } from 'node:net';

/** A host as records and message ids hold it: 4 or 16 address bytes and a port. */
export interface SocketHost {
  readonly address: Buffer;
  readonly port: number;
}

/** The bytes of a host as upper-case hex digits, as message ids begin. */
export function hostDigits({ address, port }: SocketHost): string {
  return (address.toString('hex') + port.toString(16).padStart(8, '0')).toUpperCase();
}

/** Parses `ip:port`; an IPv6 address may stand in brackets. */
export function parseSocketHost(text: string): SocketHost {
  const colon = text.lastIndexOf(':');
  const ip = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const digits = text.slice(colon + 1);
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65535 || (!isIPv4(ip) && !isIPv6(ip))) {
    throw new RangeError(`"${text}" is not ip:port with a port of 0 to 65535`);
  }
  return { address: isIPv4(ip) ? ipv4Bytes(ip) : ipv6Bytes(ip), port };
}

/** `ip:port` of address bytes (4 or 16) followed by a 4-byte port. */
export function formatSocketHost(bytes: Buffer, offset: number, addressLength: number): string {
  const port = bytes.readInt32BE(offset + addressLength);
  if (addressLength === 4) {
    return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}:${port}`;
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(offset + i).toString(16));
  return `[${groups.join(':')}]:${port}`;
}

/** `ip:port` of a host. */
export function formatHostAddress({ address, port }: SocketHost): string {
  const bytes = Buffer.alloc(address.length + 4);
  address.copy(bytes);
  bytes.writeInt32BE(port, address.length);
  return formatSocketHost(bytes, 0, address.length);
}

function ipv4Bytes(ip: string): Buffer {
  return Buffer.from(ip.split('.').map(Number));
}

function ipv6Bytes(ip: string): Buffer {
  const bytes = Buffer.alloc(16);
  const [head = '', tail] = embeddedIpv4ToHex(ip.split('%', 1)[0]!).split('::');
  writeGroups(bytes, head, 0);
  if (tail !== undefined) writeGroups(bytes, tail, 16 - 2 * countGroups(tail));
  return bytes;
}

function countGroups(groups: string): number {
  return groups === '' ? 0 : groups.split(':').length;
}

function writeGroups(bytes: Buffer, groups: string, offset: number): void {
  if (groups === '') return;
  groups.split(':').forEach((group, i) => bytes.writeUInt16BE(parseInt(group, 16), offset + 2 * i));
}

function embeddedIpv4ToHex(ip: string): string {
  return ip.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [+a * 256 + +b, +c * 256 + +d].map((group) => group.toString(16)).join(':'),
  );
}
