import { describe, expect, it } from 'vitest';
import { formatSocketHost, parseSocketHost } from '../../lib/common/socket-host.js';

function format({ address, port }: { address: Buffer; port: number }): string {
  const bytes = Buffer.alloc(address.length + 4);
  address.copy(bytes);
  bytes.writeInt32BE(port, address.length);
  return formatSocketHost(bytes, 0, address.length);
}

describe('parseSocketHost', () => {
  it.each([
    ['127.0.0.1:10911', '7f000001', 10911],
    ['255.255.255.255:65535', 'ffffffff', 65535],
    ['[::1]:0', '00000000000000000000000000000001', 0],
    ['[::]:1', '00000000000000000000000000000000', 1],
    ['[2001:db8::ff00:42:8329]:10911', '20010db8000000000000ff0000428329', 10911],
    ['2001:db8::1:10911', '20010db8000000000000000000000001', 10911],
    ['[::ffff:10.0.0.1]:5', '00000000000000000000ffff0a000001', 5],
    ['[fe80::1%eth0]:7', 'fe800000000000000000000000000001', 7],
    ['[1:2:3:4:5:6:7:8]:9', '00010002000300040005000600070008', 9],
  ])('reads %s', (text, hex, port) => {
    const host = parseSocketHost(text);
    expect(host.address.toString('hex')).toBe(hex);
    expect(host.port).toBe(port);
    expect(parseSocketHost(format(host))).toEqual(host);
  });

  it.each([
    '',
    ':1',
    'localhost:1',
    '1.2.3:4',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:x',
    '1.2.3.4: 5',
    '1.2.3.4:1e3',
    '1.2.3.4:0x1',
    '[::1]',
  ])('refuses "%s"', (text) => {
    expect(() => parseSocketHost(text)).toThrow(RangeError);
  });
});

describe('formatSocketHost', () => {
  it('shows the port that the bytes hold', () => {
    expect(format({ address: Buffer.from([10, 0, 0, 1]), port: 8080 })).toBe('10.0.0.1:8080');
  });
});
