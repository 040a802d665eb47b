import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/ice/proxy.ts';

const https = new URL('http://secure.proxy.example:3128');
const http = new URL('http://plain.proxy.example:3128');

describe('proxyFor', () => {
  it('takes the proxy of the scheme', () => {
    expect(proxyFor(new URL('https://ice.example.com'), { https, http, except: '' })).toBe(https);
    expect(proxyFor(new URL('http://ice.example.com'), { https, http, except: '' })).toBe(http);
    expect(
      proxyFor(new URL('http://ice.example.com'), { https, http: undefined, except: '' }),
    ).toBeUndefined();
  });

  it.for([
    ['ice.example.com', '*', true],
    ['ice.example.com', ' * ', true],
    ['ice.example.com', '*,other', false],
    ['ice.example.com', 'example.com', true],
    ['ice.example.com', '.example.com', true],
    ['example.com', '.example.com', true],
    ['ICE.Example.com', 'EXAMPLE.com', true],
    ['ice.example.com.', 'example.com', true],
    ['ice.example.com', 'example.com.', true],
    ['notexample.com', 'example.com', false],
    ['ice.example.com', 'ice.example.com.evil', false],
    ['ice.example.com', 'other, example.com', true],
    ['ice.example.com', 'other example.com', true],
    ['ice.example.com', '*.example.com', false],
    ['ice.example.com', '', false],
    ['ice.example.com', ',. ,', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/x', false],
    ['10.1.2.3', '2.3', false],
    ['[fd00::1]', 'fd00::1', true],
    ['[fd00::1]', '[fd00::1]', true],
    ['[fd00::1]', 'fd00::/8', true],
    ['[fe00::1]', 'fd00::/16', false],
    ['127.0.0.1', 'localhost', false],
    ['localhost', 'localhost', true],
  ] as const)('reaches %s with NO_PROXY=%j without a proxy: %s', ([host, except, isDirect]) => {
    const proxy = proxyFor(new URL(`https://${host}:8443`), { https, http, except });
    expect(proxy).toBe(isDirect ? undefined : https);
  });
});
