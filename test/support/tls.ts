import { generate } from 'selfsigned';

/** A certificate for these names, and the key to it. It is its own CA. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate that nobody trusts who is not told to. */
export async function createCertificate(...names: readonly string[]): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          /^[\d.]+$/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  });
  return { cert, key };
}
