import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { INTEGERS, OTHERS, type IntegerVariable, type OtherVariable } from '../src/variables.ts';
import { ROOT } from './support/command.ts';
import { rowsOf } from './support/markdown.ts';

const VARIABLES: Record<string, IntegerVariable | OtherVariable> = { ...INTEGERS, ...OTHERS };
const PAGE = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
const ROWS = new Map(
  rowsOf(PAGE, 'variable').map(([name = '', ...cells]) => [name.replaceAll('`', ''), cells] as const),
);

/** What the table says of a variable. */
function documented(variable: IntegerVariable | OtherVariable): string[] {
  if ('min' in variable) return [String(variable.default), `${String(variable.min)}–${String(variable.max)}`];
  const { values } = variable;
  return [variable.default ?? '–', typeof values === 'string' ? values : values.join(', ')];
}

describe('the tables of variables in the documentation', () => {
  it('has each variable, and no other', () => {
    expect([...ROWS.keys()].toSorted()).toEqual(Object.keys(VARIABLES).toSorted());
  });

  it.for(Object.entries(VARIABLES))('has the default and the values of %s', ([name, variable]) => {
    const [byDefault = '', values = '', meaning = ''] = ROWS.get(name) ?? [];
    expect([byDefault.replaceAll('`', ''), values.replaceAll('`', '')]).toEqual(documented(variable));
    expect(meaning).not.toBe('');
  });
});

describe('the code', () => {
  it('reads each variable of the tables, and no other', () => {
    const files = [
      'src/config.ts',
      'src/upstream-config.ts',
      'src/auth-config.ts',
      'src/redis-config.ts',
      'src/environment.ts',
      'src/main.ts',
    ];
    const text = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    const names = [
      ...text.matchAll(
        /['"]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOST|AUTH|UPSTREAM|JIT|IDE|INTROSPECTION)['"]/g,
      ),
    ];
    const read = new Set(names.map(([, name = '']) => name));
    expect([...read].toSorted()).toEqual(Object.keys(VARIABLES).toSorted());
  });
});
