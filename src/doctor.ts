import { examine } from './examine.ts';

const isWell = await examine(process.env, (what, finding) => console.log(`${what.padEnd(10)}${finding}`));
process.exitCode = isWell ? 0 : 1;
