import { describe, expect, it } from 'vitest';
import { classify, IceError, isNotFound } from '../../src/ice/errors.ts';

describe('classify', () => {
  it.for([
    [400, 'Throttling', 'UPSTREAM_THROTTLED'],
    [400, 'Throttling.User', 'UPSTREAM_THROTTLED'],
    [429, 'Throttling.Api', 'UPSTREAM_THROTTLED'],
    [503, 'Throttling', 'UPSTREAM_THROTTLED'],
    [400, 'Rejected.Throttling', 'UPSTREAM_THROTTLED'],
    [403, 'RequestsTooFrequent', 'UPSTREAM_THROTTLED'],
    [429, undefined, 'UPSTREAM_THROTTLED'],
    [429, 'SomethingNew', 'UPSTREAM_THROTTLED'],
    [503, 'ServiceUnavailable', 'UPSTREAM_UNAVAILABLE'],
    [503, 'ServiceUnAvailable', 'UPSTREAM_UNAVAILABLE'],
    [200, 'ServiceUnAvailable', 'UPSTREAM_UNAVAILABLE'],
    [500, 'InternalError', 'UPSTREAM_UNAVAILABLE'],
    [400, 'InternalError', 'UPSTREAM_UNAVAILABLE'],
    [500, undefined, 'UPSTREAM_UNAVAILABLE'],
    [502, undefined, 'UPSTREAM_UNAVAILABLE'],
    [504, 'SomethingNew', 'UPSTREAM_UNAVAILABLE'],
    [408, undefined, 'UPSTREAM_TIMEOUT'],
    [408, 'SomethingNew', 'UPSTREAM_TIMEOUT'],
    [404, 'InvalidAccessKeyId.NotFound', 'UPSTREAM_REJECTED'],
    [404, 'InvalidApi.NotFound', 'UPSTREAM_REJECTED'],
    [400, 'SignatureDoesNotMatch', 'UPSTREAM_REJECTED'],
    [403, 'Forbidden.RAM', 'UPSTREAM_REJECTED'],
    [400, 'Forbidden.RAM', 'UPSTREAM_REJECTED'],
    [403, 'OperationDenied.Suspended', 'UPSTREAM_REJECTED'],
    [400, 'InvalidSecurityToken.Expired', 'UPSTREAM_REJECTED'],
    [409, undefined, 'UPSTREAM_REJECTED'],
    [404, undefined, 'UPSTREAM_REJECTED'],
    [302, undefined, 'UPSTREAM_REJECTED'],
    [200, 'SomethingNew', 'UPSTREAM_REJECTED'],
  ] as const)('reads status %s with code %s as %s', ([status, code, expected]) => {
    expect(classify(status, code)).toBe(expected);
  });
});

describe('isNotFound', () => {
  it('holds for the codes of a job that does not exist, and for no other 404', () => {
    const codes = [
      'JobNotFound',
      'ResourceNotFound',
      'InvalidParameter.ResourceNotFound',
      'InvalidJobId.NotFound',
    ];
    expect(codes.every(isNotFound)).toBe(true);
    expect(['InvalidAccessKeyId.NotFound', 'InvalidApi.NotFound', undefined].some(isNotFound)).toBe(false);
  });
});

describe('IceError', () => {
  it('names the action and the code in its message', () => {
    const error = new IceError('UPSTREAM_REJECTED', {
      action: 'GetPackageJob',
      upstreamCode: 'Forbidden.RAM',
    });
    expect(error.message).toBe('GetPackageJob failed: UPSTREAM_REJECTED (Forbidden.RAM)');
  });

  it('is retryable for every code but a refusal', () => {
    expect(new IceError('UPSTREAM_REJECTED', { action: 'GetPackageJob' }).retryable).toBe(false);
    expect(new IceError('UPSTREAM_TIMEOUT', { action: 'GetPackageJob' }).retryable).toBe(true);
  });
});
