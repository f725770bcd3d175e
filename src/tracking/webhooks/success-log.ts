/** Logs the webhooks that settle a run as a success, which are the most frequent ones. */
export type SuccessLog = {
  /** `fields` is not called for a webhook that is only counted in a total. */
  note(fields: () => object): void
  /** Writes the pending total. */
  flush(): void
}

const MAX_LINES_PER_SECOND = 100
const TOTAL_AFTER_MS = 1000

/** Writes one line per webhook. From the 101st in a second on, and in the following second, it writes one total a second instead. */
export function createSuccessLog({
  clock,
  log,
}: {
  clock: () => number
  log: { info(fields: object, text: string): void }
}): SuccessLog {
  let second = Number.NaN
  let count = 0
  let total = 0
  let isBusy = false
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (total === 0) return
    log.info(
      { event: 'delivery.recorded', outcome: 'applied', status: 'success', total },
      'deliveries recorded',
    )
    total = 0
  }
  return {
    note(fields) {
      const now = Math.floor(clock() / 1000)
      if (now !== second) {
        flush()
        isBusy = now === second + 1 && count > MAX_LINES_PER_SECOND
        second = now
        count = 0
      }
      count += 1
      if (!isBusy && count <= MAX_LINES_PER_SECOND) return log.info(fields(), 'delivery recorded')
      total += 1
      // The next second may bring no webhook that would write the total.
      timer ??= setTimeout(flush, TOTAL_AFTER_MS).unref()
    },
    flush,
  }
}
