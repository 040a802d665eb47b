/** A mutation that submits a job. */
export const SUBMISSION = `mutation {
  submitPackageJob(
    input: {
      inputs: [{ type: OSS, media: "oss://bucket/in.mp4" }]
      output: { type: OSS, media: "oss://bucket/out.m3u8" }
      name: "é"
    }
  ) { packageJob { id } }
}`;
