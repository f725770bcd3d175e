/**
 * `waiting`: its turn has not come. `submitting`: its submission is written down, and it may be on its way. `accepted`,
 * `failed`: what ImageKit said, or why it was not asked. `unconfirmed`: nobody knows, so it is never sent again.
 */
export type RetryItemState = 'waiting' | 'submitting' | 'accepted' | 'failed' | 'unconfirmed'

export type RetryProgress = {
  retryId: string
  total: number
  /** How many are over, whatever became of them. */
  done: number
  /** How many of those were not clearly accepted. */
  failed: number
  state: 'running' | 'done'
}
