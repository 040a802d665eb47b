import { describe, expect, it } from 'vitest';
import { mayOpenWebSocket } from '../../../src/server/http/origins.ts';

const HOST = 'jobs.example.com';

describe('a WebSocket', () => {
  it.for([
    { what: 'of no page', origin: undefined, allowed: [], may: true },
    { what: 'of the gateway’s own page', origin: 'https://jobs.example.com', allowed: [], may: true },
    {
      what: 'of a listed page',
      origin: 'https://app.example.com',
      allowed: ['https://app.example.com'],
      may: true,
    },
    { what: 'of a page on this machine', origin: 'http://localhost:3000', allowed: 'loopback', may: true },
    { what: 'of another page', origin: 'https://app.example.com', allowed: [], may: false },
    {
      what: 'of a page that only looks like its own',
      origin: 'https://jobs.example.com.evil.org',
      allowed: [],
      may: false,
    },
    {
      what: 'of a page on this machine in production',
      origin: 'http://localhost:3000',
      allowed: [],
      may: false,
    },
    {
      what: 'of its own page by the default port',
      origin: 'https://jobs.example.com',
      host: `${HOST}:443`,
      allowed: [],
      may: true,
    },
    {
      what: 'of its own page in another case',
      origin: 'https://jobs.example.com',
      host: 'JOBS.example.com',
      allowed: [],
      may: true,
    },
    { what: 'of another port', origin: 'https://jobs.example.com:8443', allowed: [], may: false },
    {
      what: 'of a page whose name may be anyone’s',
      origin: 'https://jobs.example.com',
      host: undefined,
      allowed: [],
      may: false,
    },
    {
      what: 'of an app that calls its own files by the name of this machine',
      origin: 'capacitor://localhost',
      host: 'localhost',
      allowed: [],
      may: false,
    },
    {
      what: 'of a listed app',
      origin: 'capacitor://localhost',
      allowed: ['capacitor://localhost'],
      may: true,
    },
    { what: 'of a page without an origin', origin: 'null', allowed: 'loopback', may: false },
  ] as const)('$what may be opened: $may', ({ origin, allowed, may, ...rest }) => {
    const ownAuthority = 'host' in rest ? rest.host : HOST;
    expect(mayOpenWebSocket(origin, ownAuthority, allowed)).toBe(may);
  });
});
