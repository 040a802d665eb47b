import { SECTIONS } from './sections.ts';

/** The process of one section: runs the one that the command line names, and sends its result to its parent. */
const section = SECTIONS[process.argv[2] ?? ''];
if (section === undefined || process.send === undefined) throw new TypeError('this is started by main.ts');

// Ends the servers as well, which go with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.once('disconnect', () => process.exit(1));

process.send(await section.run(), () => process.exit(0));
