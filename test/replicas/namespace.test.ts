import { describe, expect, it } from 'vitest';
import { namespaceOf } from '../../src/replicas/namespace.ts';

const SHANGHAI = new URL('https://ice.cn-shanghai.aliyuncs.com');

describe('the namespace of an account', () => {
  it('has a version and one hash tag, and does not show the account', () => {
    const namespace = namespaceOf('example-access-key', SHANGHAI);
    expect(namespace).toMatch(/^pjg:1:\{cn-shanghai:[\da-f]{16}\}$/);
    expect(namespace).not.toContain('example');
    expect(namespaceOf('example-access-key', SHANGHAI)).toBe(namespace);
  });

  it('is another for another account or region, and the same in the network of the region', () => {
    const endpoints = ['https://ice-vpc.cn-shanghai.aliyuncs.com', 'https://ice.cn-beijing.aliyuncs.com'];
    const [vpc, beijing] = endpoints.map((url) => namespaceOf('a', new URL(url)));
    expect(vpc).toBe(namespaceOf('a', SHANGHAI));
    expect(new Set([vpc, beijing, namespaceOf('b', SHANGHAI)]).size).toBe(3);
  });

  it('is another for each emulator', () => {
    const [first, second] = [1, 2].map((port) =>
      namespaceOf('emulator', new URL(`http://127.0.0.1:${String(port)}`)),
    );
    expect(first).toMatch(/^pjg:1:\{127\.0\.0\.1:1:/);
    expect(second).not.toBe(first);
  });
});
