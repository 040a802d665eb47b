import { readFileSync } from 'node:fs';
import type { EmulatorCredentials, WirePackageJob } from '../../../src/emulator/server.ts';
import type { HttpRequest } from './client.ts';

/** A request as an official client sent it, with the inputs of its signature. */
export interface RecordedRequest {
  readonly name: string;
  readonly action: string;
  readonly credentials: EmulatorCredentials;
  readonly params: Readonly<Record<string, string | number>>;
  readonly request: HttpRequest;
  readonly expected: {
    readonly signatureVersion: string;
    readonly canonicalRequest?: string;
    readonly stringToSign: string;
    readonly signature: string;
  };
}

export interface PublishedV1 {
  readonly accessKeySecret: string;
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly stringToSign: string;
  readonly signature: string;
}

export interface PublishedV3 {
  readonly accessKeySecret: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly canonicalRequest: string;
  readonly hashedCanonicalRequest: string;
  readonly signature: string;
}

export const RECORDED_REQUESTS = read('requests.json') as RecordedRequest[];
export const PUBLISHED_V1 = read('published-v1-DescribeDedicatedHosts.json') as PublishedV1;
export const PUBLISHED_V3 = read('published-v3-RunInstances.json') as PublishedV3;
export const EXAMPLE = read('get-package-job.example.json') as { PackageJob: WirePackageJob };

/** The timestamp of a request, from its x-acs-date header or its Timestamp parameter. */
export function timeOf({ request }: RecordedRequest): number {
  const { searchParams } = new URL(request.path, 'http://localhost');
  const text = request.headers['x-acs-date'] ?? searchParams.get('Timestamp');
  return Date.parse(text ?? '');
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));
}
