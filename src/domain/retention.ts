/** Clocks are set right by a little all the time. */
const CLOCK_SLACK_MS = 60_000

/** Where a deletion of old rows continues: after row `n` of this table. Submissions come first. */
export type RetentionPlace = { table: 'submissions' | 'deliveries'; n: number }

/**
 * What happens to the next row, in the order of insertion, when old ones are deleted. `keep`: it is needed, or a wrong clock has
 * dated it into the future. `young`: nothing older follows, unless a wrong clock has dated this row.
 */
export function retainRow(
  { isNeeded, at }: { isNeeded: boolean; at: number },
  { now, before }: { now: number; before: number },
): 'delete' | 'keep' | 'young' {
  if (at > now + CLOCK_SLACK_MS) return 'keep'
  if (at >= before) return 'young'
  return isNeeded ? 'keep' : 'delete'
}
