import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IceError, RETRYABLE, type IceErrorCode } from '../../../src/ice/errors.ts';
import { ERRORS, isErrorCode } from '../../../src/server/errors/catalogue.ts';
import { errorBody } from '../../../src/server/errors/error-body.ts';
import { ROOT } from '../../support/command.ts';
import { rowsOf } from '../../support/markdown.ts';

const ROWS = rowsOf(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8'), 'code');

describe('the catalogue of errors', () => {
  it('is the table in the documentation, row by row', () => {
    const documented = ROWS.map(([code = '', status, retryable, when]) => [
      code.replaceAll('`', ''),
      { status: Number(status), retryable: retryable === 'yes', when },
    ]);
    const expected = Object.entries(ERRORS).map(([code, { status, retryable, when }]) => [
      code,
      { status: status ?? 200, retryable, when },
    ]);
    expect(documented).toEqual(expected);
  });

  it.for(Object.keys(RETRYABLE) as IceErrorCode[])('agrees with ICE’s client about %s', (code) => {
    expect(ERRORS[code].retryable).toBe(new IceError(code, { action: 'GetPackageJob' }).retryable);
  });

  it('is what refusals below GraphQL say of themselves', () => {
    const [error] = errorBody('id', 'OVERLOADED', 'full').errors;
    expect(error?.extensions).toEqual({
      code: 'OVERLOADED',
      retryable: true,
      retryAfterMs: 1000,
      requestId: 'id',
    });
  });

  it.for(['toString', 'NOTHING', undefined])('does not have %s', (code) => {
    expect(isErrorCode(code)).toBe(false);
  });
});
