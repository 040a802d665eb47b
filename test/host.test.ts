import { describe, expect, it } from 'vitest';
import { hostOf, readHost } from '../src/host.ts';

describe('the host of an authority', () => {
  it.for([
    ['jobs.example.com', 'jobs.example.com'],
    ['JOBS.Example.com', 'jobs.example.com'],
    ['jobs.example.com:443', 'jobs.example.com'],
    ['jobs.example.com:', 'jobs.example.com'],
    ['jobs.example.com.', 'jobs.example.com'],
    ['jobs.example.com.:8443', 'jobs.example.com'],
    ['my_service:4000', 'my_service'],
    ['127.0.0.1:65535', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[0:0:0:0:0:0:0:1]:4000', '[::1]'],
    ['[2001:DB8::A]', '[2001:db8::a]'],
  ])('is read from %j as %s', ([authority = '', host]) => {
    expect(hostOf(authority)).toBe(host);
  });

  it.for([
    '',
    '.',
    ':80',
    'a..b',
    'a b',
    ' a',
    'a\tb',
    'a,b',
    'a, b',
    'user@a',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'a:b',
    'a:80:80',
    'a:65536',
    'a:-1',
    '::1',
    '[::1',
    '[::1]x',
    '[::g]',
    '[1.2.3.4]',
    '[fe80::1%25eth0]',
    'é',
    '%61',
  ])('is not read from %j', (authority) => {
    expect(hostOf(authority)).toBeUndefined();
  });
});

describe('a host that is configured', () => {
  it.for([
    ['Jobs.Example.com', 'jobs.example.com'],
    ['jobs.example.com.', 'jobs.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['10.0.0.5', '10.0.0.5'],
    ['[2001:DB8:0::1]', '[2001:db8::1]'],
  ])('is read from %j as %s', ([text = '', host]) => {
    expect(readHost(text)).toBe(host);
  });

  it.for(['', '*', '*.example.com', 'a:80', '::1', 'https://a', 'a/', 'user@a', 'a b', '[::1]:80'])(
    'is not read from %j',
    (text) => {
      expect(readHost(text)).toBeUndefined();
    },
  );
});
