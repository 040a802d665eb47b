import { parseAddress } from '../ice/address.ts';
import type { IceMedia } from '../ice/decode.ts';

/** A media file as ICE names it. Everything else about it is read from that name. */
export type MediaObject = IceMedia;

/** What an OSS address says. */
export interface OssAddress {
  readonly bucket: string | null;
  readonly objectKey: string | null;
  readonly fileName: string | null;
}

const NOTHING: OssAddress = { bucket: null, objectKey: null, fileName: null };

/**
 * The address as the URL Standard writes it, or `null` when the object is not named by an `http:`, `https:` or `oss:`
 * address.
 */
export function mediaUrl({ type, media }: MediaObject): string | null {
  return type === 'OSS' && media !== null ? parseAddress(media) : null;
}

/**
 * Reads `oss://bucket/key` and `http(s)://bucket.oss-region.aliyuncs.com/key`.
 *
 * An `oss:` key is verbatim; an `http(s):` one is percent-decoded. A host that is no OSS endpoint, such as a domain of
 * the customer's own, names no bucket and therefore no key.
 *
 * @see https://help.aliyun.com/en/oss/user-guide/regions-and-endpoints
 */
export function ossAddress(object: MediaObject): OssAddress {
  // The members of one object are asked for one after the other.
  if (last.object !== object) last = { object, address: readAddress(object) };
  return last.address;
}

let last: { readonly object: MediaObject | undefined; readonly address: OssAddress } = {
  object: undefined,
  address: NOTHING,
};

function readAddress({ type, media }: MediaObject): OssAddress {
  const parts = type === 'OSS' ? /^(oss|https?):\/\/([^/?#]+)(?:\/([^]*))?$/i.exec(media ?? '') : null;
  if (parts === null) return NOTHING;
  const [, scheme = '', host = '', rest = ''] = parts;
  const isOss = scheme.toLowerCase() === 'oss';
  const key = isOss ? rest : decode(rest.replace(/[?#][^]*$/, ''));
  const bucket = bucketOf(host, isOss);
  return {
    bucket,
    objectKey: bucket === null || key === '' ? null : key,
    fileName: key.slice(key.lastIndexOf('/') + 1) || null,
  };
}

/** Bucket names have no dots, so a host with dots is an endpoint with the bucket in front. */
function bucketOf(host: string, isOss: boolean): string | null {
  const onEndpoint = /^([a-z0-9-]+)\.oss-[a-z0-9-]+\.aliyuncs\.com(?::\d+)?$/i.exec(host)?.[1];
  if (onEndpoint !== undefined) return onEndpoint;
  return isOss && /^[^.:@]+$/.test(host) ? host : null;
}

/** Percent-decoded; as it is where that is not UTF-8. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
