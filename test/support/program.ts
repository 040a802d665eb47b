import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program a suite needs that npm does not install. */
export interface Program {
  /**
   * The executable.
   *
   * @throws {Error} when it is missing, with the command that installs it
   */
  readonly path: string;
  /** Whether to skip the suites that need it: it is missing, and REQUIRE_PROGRAMS is not 1. */
  readonly skip: boolean;
  /** Its name for a suite's title, with the command that installs it when the suite is skipped. */
  readonly label: string;
}

export interface ProgramOptions {
  /** What people call it, such as `Chromium`. */
  readonly name: string;
  /** Names to look for in PATH, and absolute paths, best first. */
  readonly candidates: readonly string[];
  /** The one command that installs it on Debian. */
  readonly install: string;
}

/**
 * Finds a program, so that `npm test` needs nothing but npm:
 *
 *     const nginx = findProgram({ name: 'nginx', candidates: ['nginx', '/usr/sbin/nginx'], install: '…' });
 *     describe.skipIf(nginx.skip)(`behind ${nginx.label}`, () => { … nginx.path … });
 *
 * Without the program the suite is skipped, and stderr says why. With REQUIRE_PROGRAMS=1 in the environment the
 * suite runs, and fails where it asks for `path`.
 */
export function findProgram({ name, candidates, install }: ProgramOptions): Program {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const path = candidates
    .flatMap((candidate) =>
      isAbsolute(candidate) ? [candidate] : folders.map((folder) => join(folder, candidate)),
    )
    .find(isExecutable);
  const skip = path === undefined && process.env['REQUIRE_PROGRAMS'] !== '1';
  if (skip) process.stderr.write(`Skipped, for want of ${name}. To run: ${install}\n`);

  return {
    get path() {
      if (path === undefined) throw new Error(`${name} is not installed: ${install}`);
      return path;
    },
    skip,
    label: skip ? `${name} (not installed: ${install})` : name,
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
