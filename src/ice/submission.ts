/** A media file as it is named to ICE. */
export interface SubmittedMedia {
  readonly type: 'OSS' | 'MEDIA';
  /** `OSS`: an address. `MEDIA`: an id. */
  readonly media: string;
}

/** A packaging job to submit. ICE decides about members that are `null`. */
export interface IceSubmission {
  readonly inputs: readonly SubmittedMedia[];
  readonly output: SubmittedMedia;
  readonly name: string | null;
  readonly pipelineId: string | null;
  /** 1 to 10. */
  readonly priority: number | null;
  readonly userData: string | null;
}

/** The parameters of SubmitPackageJob. Structures are JSON text in one parameter, as the official clients send them. */
export function submissionParameters(submission: IceSubmission): Readonly<Record<string, string>> {
  const { inputs, output, name, pipelineId, priority, userData } = submission;
  const schedule = {
    ...(pipelineId !== null && { PipelineId: pipelineId }),
    ...(priority !== null && { Priority: priority }),
  };
  return {
    Inputs: JSON.stringify(inputs.map((input) => ({ Input: wireMedia(input) }))),
    Output: JSON.stringify(wireMedia(output)),
    ...(name !== null && { Name: name }),
    ...((pipelineId !== null || priority !== null) && { ScheduleConfig: JSON.stringify(schedule) }),
    ...(userData !== null && { UserData: userData }),
  };
}

function wireMedia({ type, media }: SubmittedMedia) {
  return { Media: media, Type: type === 'OSS' ? 'OSS' : 'Media' };
}
