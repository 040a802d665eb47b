import { describe, expect, it } from 'vitest';
import { unknownVariables } from '../src/unknown-variables.ts';
import { INTEGERS, OTHERS } from '../src/variables.ts';

describe('unknownVariables', () => {
  it.for([
    ['JOB_MAX_AGE', 'JOB_MAX_AGE_MS'],
    ['JOB_MAX_AGE_S', 'JOB_MAX_AGE_MS'],
    ['FINISHED_JOB_MAX_AGE', 'FINISHED_JOB_MAX_AGE_S'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['ALLOWED_HOST', 'ALLOWED_HOSTS'],
    ['ICE_ENPOINT', 'ICE_ENDPOINT'],
    ['ICE_REGION_ID', 'ICE_REGION'],
    ['ICE_CALLS_PER_SEC', 'ICE_CALLS_PER_SECOND'],
    ['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT_MS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['log_level', 'LOG_LEVEL'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['ALLOW_SUBMITS', 'ALLOW_SUBMIT'],
    ['INTROSPECTON', 'INTROSPECTION'],
    ['ALIBABA_CLOUD_ACCESS_KEY', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
    ['ALIBABA_CLOUD_ACCESSKEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
    ['ALIBABA_CLOUD_REGION', 'ALIBABA_CLOUD_REGION_ID'],
    ['PERSISTED_OPERATION', 'PERSISTED_OPERATIONS'],
    ['REDIS_URI', 'REDIS_URL'],
  ])('takes %s for %s', ([name = '', nearest]) => {
    expect(unknownVariables({ [name]: '5' })).toEqual([{ name, nearest }]);
  });

  it('says nothing of what it knows, in any spelling that counts', () => {
    const known = Object.fromEntries(
      [...Object.keys(INTEGERS), ...Object.keys(OTHERS)].map((name) => [name, '1']),
    );
    expect(
      unknownVariables({ ...known, https_proxy: '', http_proxy: '', no_proxy: '', all_proxy: '' }),
    ).toEqual([]);
  });

  it('says nothing of what others set', () => {
    const names = [
      'PATH',
      'HOME',
      'HOSTNAME',
      'HOSTTYPE',
      'USER',
      'SHELL',
      'LANG',
      'TERM',
      'PWD',
      'OLDPWD',
      'LOGNAME',
      'EDITOR',
      'NODE_OPTIONS',
      'NODE_EXTRA_CA_CERTS',
      'NODE_USE_ENV_PROXY',
      'NODE_VERSION',
      'NO_COLOR',
      'FORCE_COLOR',
      'CI',
      'DEBUG',
      'TZ',
      'SSL_CERT_FILE',
      'KUBERNETES_PORT',
      'KUBERNETES_SERVICE_HOST',
      'POD_NAME',
      'REDIS_PORT',
      'REDIS_HOST',
      'REDIS_PASSWORD',
      'REDIS_SERVICE_HOST',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'npm_config_user_agent',
      'npm_lifecycle_event',
      'SSH_AUTH_SOCK',
      'XDG_DATA_HOME',
      'FTP_PROXY',
      'ftp_proxy',
      'AWS_REGION',
      'POSTGRES_HOST',
      'MAIL',
      'IDEA_HOME',
      'VITEST',
      'SORT',
      'HOSTS',
    ];
    expect(unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });
});
