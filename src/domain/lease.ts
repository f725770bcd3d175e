/**
 * What lets one process at a time do what only one may do: sweep, fold, prune, alert. Each new holder has a higher epoch, so what
 * a holder writes after it was paused and has lost the lease changes nothing.
 */
export type Lease = { epoch: number }
