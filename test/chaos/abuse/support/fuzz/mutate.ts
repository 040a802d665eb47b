import type { Random } from '../../../../../src/emulator/random.ts';

/** Characters that parsers and formats give a meaning to, and some that they may not expect. */
const CHARACTERS: readonly string[] = [
  ...Array.from('{}[]()<>:;,.!?|&=$@#"\'`\\/*+-_%^~ \t\r\n\0aZ09'),
  'é',
  '中',
  '😀',
  '\ud800',
  '\u2028',
  '\ufeff',
];

/** Text that is nothing in particular. */
export function garbage(random: Random, longest = 200): string {
  return Array.from({ length: random.between(0, longest) }, () => random.pick(CHARACTERS)).join('');
}

/** The text with a few changes: parts left out, doubled, moved or replaced. */
export function mutated(random: Random, text: string, most = 3): string {
  let result = text;
  for (let change = random.between(1, most); change > 0; change -= 1) {
    const at = random.between(0, result.length);
    const until = Math.min(result.length, at + random.between(0, 12));
    const part = result.slice(at, until);
    const replacement = random.pick([
      '',
      part + part,
      garbage(random, 4),
      part.toUpperCase(),
      '0',
      part.repeat(20),
    ]);
    result = result.slice(0, at) + replacement + result.slice(until);
  }
  return result;
}

/** One of several makers, as often as its weight says. */
export function weighted<Made>(
  random: Random,
  makers: readonly (readonly [weight: number, make: () => Made])[],
): Made {
  let left = random.next() * makers.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new RangeError('nothing to choose from');
}
