/** Returns the input as a value of its type, or throws an {@link InputError} that names `path`. */
export type Check<Value> = (input: unknown, path: string) => Value;

type Checks = Readonly<Record<string, Check<unknown>>>;
type Required<Members extends Checks> = { readonly [Name in keyof Members]: ReturnType<Members[Name]> };
type Optional<Members extends Checks> = { readonly [Name in keyof Members]?: ReturnType<Members[Name]> };

/** The input is invalid. `field` is its path, such as `outcome.status`. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly field: string;

  constructor(field: string, rule: string) {
    super(`${field || 'the body'} must be ${rule}`);
    this.field = field;
  }
}

export const text: Check<string> = (input, path) => {
  if (typeof input !== 'string') throw new InputError(path, 'text');
  return input;
};

export const truth: Check<boolean> = (input, path) => {
  if (typeof input !== 'boolean') throw new InputError(path, 'true or false');
  return input;
};

export function integer(low: number, high: number): Check<number> {
  return (input, path) => {
    if (typeof input === 'number' && Number.isInteger(input) && input >= low && input <= high) return input;
    throw new InputError(path, `a whole number from ${low} to ${high}`);
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Check<Choice> {
  return (input, path) => {
    const choice = choices.find((candidate) => candidate === input);
    if (choice === undefined) throw new InputError(path, `one of ${choices.join(', ')}`);
    return choice;
  };
}

/** Accepts exactly `expected`, and returns `value` for it. */
export function literal<Value>(expected: string | null, value: Value): Check<Value> {
  return (input, path) => {
    if (input !== expected) throw new InputError(path, JSON.stringify(expected));
    return value;
  };
}

/** Tries the first check, then the last. When both fail, the error is that of the last. */
export function either<First, Last>(first: Check<First>, last: Check<Last>): Check<First | Last> {
  return (input, path) => {
    try {
      return first(input, path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return last(input, path);
    }
  };
}

export function list<Item>(item: Check<Item>): Check<Item[]> {
  return (input, path) => {
    if (!Array.isArray(input)) throw new InputError(path, 'a list');
    return input.map((member: unknown, index) => item(member, `${path}[${index}]`));
  };
}

export const record: Check<Readonly<Record<string, unknown>>> = (input, path) => {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new InputError(path, 'an object');
  return Object.fromEntries(Object.entries(input));
};

/** An object with the `needed` members, some of the `extra` ones and no others. A misspelt name is an error. */
export function shape<const Needed extends Checks, const Extra extends Checks>(
  needed: Needed,
  extra: Extra,
): Check<Required<Needed> & Optional<Extra>> {
  return (input, path) => {
    const members = record(input, path);
    const checks: Checks = { ...needed, ...extra };
    const at = (name: string) => (path === '' ? name : `${path}.${name}`);
    for (const name of Object.keys(members)) {
      if (!Object.hasOwn(checks, name)) throw new InputError(at(name), 'absent: there is no such field');
    }
    for (const name of Object.keys(needed)) {
      if (!Object.hasOwn(members, name)) throw new InputError(at(name), 'given');
    }
    const checked = Object.entries(members).map(([name, value]) => [name, checks[name]?.(value, at(name))]);
    // The loops above have checked the names. The compiler loses the names in `Object.entries`.
    // oxlint-disable-next-line no-unsafe-type-assertion
    return Object.fromEntries(checked) as Required<Needed> & Optional<Extra>;
  };
}
