import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CANARY,
  credentials,
  lookUp,
  profile,
  reasonOf,
  servicesOf,
  startService,
  write,
  useKeyServices,
} from './support/key-services.ts';

useKeyServices();

const members = (seconds: number) => ({
  mode: 'OAuth',
  oauth_site_type: 'CN',
  oauth_access_token: 'example-token',
  oauth_refresh_token: `${CANARY}-refresh`,
  oauth_access_token_expire: Math.floor(Date.now() / 1000) + seconds,
});
const exchanged = { requestId: 'A', ...credentials('by-oauth').Credentials };
/** Answers both calls of the site, or the refusal of one. */
const site = (refused?: string) => (request: IncomingMessage, _body: string, response: ServerResponse) => {
  if (request.url === refused) {
    response.statusCode = 400;
    return { error: 'invalid_grant', error_description: CANARY };
  }
  const tokens = { access_token: 'new-token', refresh_token: 'new-refresh', expires_in: 7200 };
  return request.url === '/v1/token' ? tokens : exchanged;
};

describe('a profile of a login by OAuth', () => {
  it.for([
    ['CN', 'oauth.aliyun.com:443'],
    ['INTL', 'oauth.alibabacloud.com:443'],
  ] as const)('exchanges its token for keys at the site %s', async ([site_type, host]) => {
    const { asked, proxy, proxies } = await startService(site());
    const cliFile = write('config.json', profile({ ...members(3600), oauth_site_type: site_type }));
    const { name, keys } = await lookUp({ cliFile }, servicesOf(proxies));
    expect([name, keys.credentials.accessKeyId]).toEqual(['CLI profile', 'by-oauth']);
    expect(asked.map(({ url }) => url.pathname)).toEqual(['/v1/exchange']);
    expect(asked[0]?.headers.authorization).toBe('Bearer example-token');
    expect(proxy.asked).toEqual([host]);
  });

  it('renews a token that is nearly over, and keeps the new ones in the file as private as it was', async () => {
    const { asked, proxies } = await startService(site());
    const cliFile = write('config.json', profile(members(60)));
    chmodSync(cliFile, 0o600);
    await lookUp({ cliFile }, servicesOf(proxies));
    expect(asked.map(({ url }) => url.pathname)).toEqual(['/v1/token', '/v1/exchange']);
    expect(Object.fromEntries(asked[0]?.body ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: `${CANARY}-refresh`,
      client_id: '4038181954557748008',
    });
    expect(asked[1]?.headers.authorization).toBe('Bearer new-token');
    expect(JSON.parse(readFileSync(cliFile, 'utf8'))).toMatchObject({
      profiles: [{ mode: 'OAuth', oauth_access_token: 'new-token', oauth_refresh_token: 'new-refresh' }],
    });
    expect(statSync(cliFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(cliFile))).toEqual(['config.json']);
    // The next look-up goes by the file, and does not renew again.
    await lookUp({ cliFile }, servicesOf(proxies));
    expect(asked.slice(2).map(({ url }) => url.pathname)).toEqual(['/v1/exchange']);
  });

  it.for([
    ['/v1/token', 60],
    ['/v1/exchange', 3600],
  ] as const)('that is refused at %s is told as a code', async ([refused, seconds]) => {
    const { proxies } = await startService(site(refused));
    const cliFile = write('config.json', profile(members(seconds)));
    expect(await reasonOf({ cliFile }, servicesOf(proxies))).toBe('invalid_grant');
  });

  it('of an unknown site is told as incomplete', async () => {
    const cliFile = write('config.json', profile({ ...members(3600), oauth_site_type: 'MOON' }));
    expect(await reasonOf({ cliFile }, servicesOf())).toBe('ProfileIncomplete');
  });
});
