/** The options that apply to one run and to many. */
export type RetryOptions = { dryRun?: true; reason?: string; wait?: true; json?: true }
