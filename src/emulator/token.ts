// `npm run token` prints a token of the issuer that AUTH=local npm start, or npm run emulator, has started.
import { readArguments, requestToken, USAGE, UsageError } from './token-command.ts';

try {
  const command = readArguments(process.argv.slice(2));
  if (command === undefined) {
    console.log(USAGE);
  } else {
    console.log(await requestToken(command));
    const { owner, scopes, jobIds, expiresInS } = command.request;
    const whose = [owner && `owner ${owner}`, jobIds && `jobs ${jobIds.join(' ')}`]
      .filter(Boolean)
      .join(', ');
    const until = new Date(Date.now() + 1000 * expiresInS).toISOString();
    // Apart from the token, so that TOKEN=$(npm run --silent token -- …) has nothing else.
    console.error(`\n${whose}; ${scopes.join(' ')}; until ${until}
Send it as the header Authorization: Bearer <token>, or give it to the job board.`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
