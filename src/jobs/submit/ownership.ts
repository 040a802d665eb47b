import { isJsonObject } from '../../json-object.ts';
import { InputError } from '../errors.ts';
import type { SubmissionArgument } from './submission.ts';

/** Whose jobs a client submits: the member of `userData` that says so, and what it says. */
export interface Ownership {
  readonly field: string;
  readonly owner: string | number;
}

/**
 * The submission with its owner in `userData`. The rest of the text stays as it is.
 *
 * @throws {InputError} when `userData` is no JSON object, or names another owner
 */
export function ownedBy(input: SubmissionArgument, { field, owner }: Ownership): SubmissionArgument {
  const { userData } = input;
  const member = `${JSON.stringify(field)}:${JSON.stringify(owner)}`;
  if (userData === undefined || userData === null || userData === '')
    return { ...input, userData: `{${member}}` };
  const data = parse(userData);
  if (!isJsonObject(data))
    throw new InputError('input.userData', 'must be a JSON object, as the gateway writes the owner into it');
  if (!Object.hasOwn(data, field)) {
    const rest = userData.slice(userData.indexOf('{') + 1);
    return { ...input, userData: `{${member}${Object.keys(data).length === 0 ? '' : ','}${rest}` };
  }
  if (data[field] !== owner)
    throw new InputError('input.userData', `must not name another owner in \`${field}\``);
  // A member that comes twice could mean another one to someone else.
  return { ...input, userData: JSON.stringify(data) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
