import type { MediaObjectResolvers } from '../generated/graphql.ts';
import { mediaUrl, ossAddress } from '../jobs/media-object.ts';

export const MediaObject = {
  url: (object) => mediaUrl(object),
  assetId: ({ type, media }) => (type === 'MEDIA' ? media : null),
  bucket: (object) => ossAddress(object).bucket,
  objectKey: (object) => ossAddress(object).objectKey,
  fileName: (object) => ossAddress(object).fileName,
} satisfies MediaObjectResolvers;
