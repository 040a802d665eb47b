import type { PackageJob } from '../../src/jobs/model.ts';
import { jobWith } from './job.ts';

/** A finished job with an output, of which no text is another's, as if it were decoded from a response. */
export function decodedJob(index: number, userData: string): PackageJob {
  const time = new Date(index).toISOString();
  const media = (name: string) =>
    ({ type: 'OSS', media: `oss://bucket/path/to/${String(index)}/${name}` }) as const;
  const job = jobWith({
    id: index.toString(16).padStart(32, '0'),
    name: `job ${String(index)}`,
    status: 'SUCCESS',
    inputs: [media('video-1.mp4'), media('video-2.mp4')],
    output: media('video.m3u8'),
    outputUrl: `https://bucket.oss-cn-shanghai.aliyuncs.com/path/to/${String(index)}/video.m3u8`,
    pipelineId: index.toString(16).padStart(32, 'f'),
    submitTime: time,
    finishTime: time,
    createTime: time,
    modifiedTime: time,
    userData: `${String(index)} ${userData}`,
  });
  return JSON.parse(JSON.stringify(job)) as PackageJob;
}
