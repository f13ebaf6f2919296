import { describe, expect, it } from 'vitest';
import { parseHostPort, parseNamedAddress } from '../../lib/common/host-port.js';

describe('an address', () => {
  it.each([
    ['localhost:1', 'localhost', 1],
    ['127.0.0.1:65535', '127.0.0.1', 65_535],
    ['[fd00::1]:10911', 'fd00::1', 10_911],
    ['[::ffff:10.0.0.1]:5', '::ffff:10.0.0.1', 5],
  ])('is a host and a port: %s', (address, host, port) => {
    expect(parseHostPort(address)).toEqual({ host, port });
    expect(parseNamedAddress(address)).toEqual({ host, port });
  });

  it.each([
    '',
    'localhost',
    ':1',
    'a:0',
    'a:65536',
    'a:b:1',
    'a b:1',
    '[fd00::1]',
    '[x]:1',
    '::1',
    'fd00::1:',
  ])('is nothing else: "%s"', (address) => {
    expect(parseHostPort(address)).toBeUndefined();
    expect(parseNamedAddress(address)).toBeUndefined();
  });

  it('of IPv6 without brackets has a port where a server has named it', () => {
    expect(parseNamedAddress('fd00::1:10911')).toEqual({ host: 'fd00::1', port: 10_911 });
    expect(parseHostPort('fd00::1:10911')).toBeUndefined();
  });
});
