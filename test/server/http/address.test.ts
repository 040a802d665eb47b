import { describe, expect, it } from 'vitest';
import { clientNetwork, readAddress } from '../../../src/server/http/address.ts';

describe('an address', () => {
  it.for([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:41234', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8:0:ffff::1', '2001:db8:0:ffff::1'],
  ])('is read from %j as %s', ([text = '', address]) => {
    expect(readAddress(text)).toBe(address);
  });

  it.for([
    '',
    'unknown',
    '_hidden',
    '-',
    'unix:',
    'jobs.example.com',
    '1',
    '127.1',
    '0x7f000001',
    '017.0.0.1',
    '1.2.3.4.5',
    '1.2.3.4:port',
    '1.2.3.4:123456',
    '"1.2.3.4"',
    '1.2.3.4 5.6.7.8',
    '2001:db8::1:::',
    '[2001:db8::1',
    '[1.2.3.4]x',
    'for=1.2.3.4',
    '1.2.3.4/8',
  ])('is not read from %j', (text) => {
    expect(readAddress(text)).toBeUndefined();
  });
});

describe('one client', () => {
  it('is one IPv4 address', () => {
    expect(clientNetwork('203.0.113.7')).toBe('203.0.113.7');
  });

  it('is a /64 of IPv6, however it is written', () => {
    const same = ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2:0:0:1.2.3.4'];
    expect(new Set(same.map(clientNetwork))).toEqual(new Set(['2001:db8:1:2::/64']));
    expect(clientNetwork('2001:db8:1:3::1')).not.toBe(clientNetwork('2001:db8:1:2::1'));
    expect(clientNetwork('::1')).toBe('0:0:0:0::/64');
  });
});
