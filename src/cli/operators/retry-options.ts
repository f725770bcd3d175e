/** What is the same for one run and for many. */
export type RetryOptions = { dryRun?: true; reason?: string; wait?: true; json?: true }
