/** Clocks are set right by a little all the time. */
const CLOCK_SLACK_MS = 60_000

/** Where a deletion of old rows continues: after row `n` of this table. Submissions come first. */
export type RetentionPlace = { table: 'submissions' | 'deliveries'; n: number }

/**
 * What happens to the next row, in the order of insertion, when old ones are deleted. `keep`: it is needed, or a wrong clock has
 * dated it into the future. `stop`: it is too young, and so are those behind it.
 */
export function retainRow(
  { isNeeded, at }: { isNeeded: boolean; at: number },
  { now, before }: { now: number; before: number },
): 'delete' | 'keep' | 'stop' {
  if (at > now + CLOCK_SLACK_MS) return 'keep'
  if (at >= before) return 'stop'
  return isNeeded ? 'keep' : 'delete'
}
