/** Rate limits of the emulator that no test meets. Only tests of throttling set others. */
export const NO_LIMITS = { GetPackageJob: Infinity, ListPackageJobs: Infinity, SubmitPackageJob: Infinity };
