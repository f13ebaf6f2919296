import { isIP, isIPv6 } from 'node:net';

/** Where something listens. */
export interface HostPort {
  /** A name or an address; an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port`, with an IPv6 address in brackets; undefined for anything else, and for ports beyond 1 to 65535. */
export function parseHostPort(address: string): HostPort | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port };
}

/**
 * The same of an address that a server has named, also without brackets: Apache's broker puts its port behind any `brokerIP1`, and its
 * clients split at the last colon (NettyRemotingClient#getHostAndPort). Of what somebody writes it could be an address without a port.
 */
export function parseNamedAddress(address: string): HostPort | undefined {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  return parseHostPort(isIPv6(host) ? `[${host}]${address.slice(colon)}` : address);
}

/** The parts of a list with `;` between them; what ends the list is none, as with Java's String#split. */
export function splitAddresses(list: string): string[] {
  return list
    .replace(/[;\s]+$/, '')
    .split(';')
    .map((address) => address.trim());
}

export function formatHostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
