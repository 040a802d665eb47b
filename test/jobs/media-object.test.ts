import { describe, expect, it } from 'vitest';
import { mediaUrl, ossAddress } from '../../src/jobs/media-object.ts';

const oss = (media: string | null) => ({ type: 'OSS', media }) as const;
const nothing = { bucket: null, objectKey: null, fileName: null };

describe('ossAddress', () => {
  it.for([
    ['oss://bucket/path/to/video.mp4', 'bucket', 'path/to/video.mp4', 'video.mp4'],
    ['oss://bucket/path/视频 (1)?#%20.mp4', 'bucket', 'path/视频 (1)?#%20.mp4', '视频 (1)?#%20.mp4'],
    ['oss://bucket.oss-cn-shanghai.aliyuncs.com/a/b.mp4', 'bucket', 'a/b.mp4', 'b.mp4'],
    ['http://bucket.oss-cn-shanghai.aliyuncs.com/output.m3u8', 'bucket', 'output.m3u8', 'output.m3u8'],
    ['https://b.oss-us-west-1-internal.aliyuncs.com/a%20b/%E9%9F%B3.ts?x=1#y', 'b', 'a b/音.ts', '音.ts'],
    ['https://b.oss-accelerate.aliyuncs.com:443/a.mp4', 'b', 'a.mp4', 'a.mp4'],
    ['https://b.oss-cn-beijing.aliyuncs.com/100%.mp4', 'b', '100%.mp4', '100%.mp4'],
    ['oss://bucket/folder/', 'bucket', 'folder/', null],
    ['oss://bucket/', 'bucket', null, null],
    ['oss://bucket', 'bucket', null, null],
    ['https://cdn.example.com/a/b.mp4', null, null, 'b.mp4'],
    ['oss://oss-cn-shanghai.aliyuncs.com/bucket/a.mp4', null, null, 'a.mp4'],
  ])('reads %s', ([media, bucket, objectKey, fileName]) => {
    expect(ossAddress(oss(media ?? ''))).toEqual({ bucket, objectKey, fileName });
  });

  it.for(['', 'video.mp4', 'ftp://bucket/key', 'oss:///key', null])('reads nothing from %j', (media) => {
    expect(ossAddress(oss(media))).toEqual(nothing);
  });

  it('reads nothing from an object of another type', () => {
    expect(ossAddress({ type: 'MEDIA', media: 'oss://bucket/key' })).toEqual(nothing);
    expect(ossAddress({ type: 'UNKNOWN', media: 'oss://bucket/key' })).toEqual(nothing);
  });
});

describe('mediaUrl', () => {
  it('is the address as a URL, percent-encoded where needed', () => {
    expect(mediaUrl(oss('oss://bucket/path/视频 (1).mp4'))).toBe(
      'oss://bucket/path/%E8%A7%86%E9%A2%91%20(1).mp4',
    );
  });

  it('is null for what is no address', () => {
    expect([
      mediaUrl(oss('video.mp4')),
      mediaUrl(oss(null)),
      mediaUrl({ type: 'MEDIA', media: 'oss://b/k' }),
    ]).toEqual([null, null, null]);
  });

  it.for([
    'javascript:alert(1)',
    ' java\tscript:alert(1)',
    'data:text/html,x',
    'file:///a',
    'vbscript:x',
    'ftp://bucket/key',
    'oss:///key',
  ])('is null for %j, which no page should link to', (media) => {
    expect(mediaUrl(oss(media))).toBeNull();
  });
});
