/**
 * Lets one process at a time do exclusive work: sweep, fold, prune, alert. Each new holder has a higher epoch, so a holder that
 * was paused and lost the lease can no longer change anything.
 */
export type Lease = { epoch: number }
