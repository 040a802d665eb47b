import type { WirePackageJob } from './wire.ts';

/** The ids of the example job: the id in the example request, and the masked id in the example response. */
export const EXAMPLE_JOB_IDS = [
  'ab4802364a2e49208c99efab82dfa8e8',
  'ab4802364a2e49208c99efab82df****',
] as const;

/**
 * The PackageJob of the GetPackageJob reference page, byte for byte. It keeps the order of the members, the line
 * feeds after two of the times, and the Code beside the Status Init.
 *
 * @see https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-getpackagejob
 */
export const EXAMPLE_JOB: WirePackageJob = {
  JobId: 'ab4802364a2e49208c99efab82df****',
  TriggerSource: 'API',
  Name: 'job-name',
  Inputs: [{ Input: { Type: 'OSS', Media: 'oss://bucket/path/to/video.mp4' } }],
  Output: { Type: 'OSS', Media: 'oss://bucket/path/to/video.m3u8' },
  OutputUrl: 'http://bucket.oss-cn-shanghai.aliyuncs.com/output.m3u8',
  PipelineId: '36f3fee40aa047c0b067d0fb85ed****',
  Priority: 6,
  Status: 'Init',
  Code: 'InvalidParameter',
  Message: 'Resource content bad.',
  SubmitTime: '2022-09-08T11:34:05Z',
  FinishTime: '2022-09-08T11:44:05Z',
  UserData: '{"param": "value"}',
  CreateTime: '2022-09-08T11:34:05Z\n',
  ModifiedTime: '2022-09-08T11:44:05Z\n',
};

/** The creation time of the example, in milliseconds since the epoch. It decides the example's place in lists. */
export const EXAMPLE_CREATE_TIME = Date.UTC(2022, 8, 8, 11, 34, 5);
