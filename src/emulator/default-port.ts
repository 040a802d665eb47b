/** Where `npm run emulator` listens unless it is told otherwise, and where `npm run token` looks for an issuer. */
export const DEFAULT_PORT = 8791;
