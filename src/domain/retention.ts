/** Clocks are set right by a little all the time. */
const CLOCK_SLACK_MS = 60_000

/**
 * What happens to the next submission, in the order of insertion, when old ones are deleted. `keep`: one of its runs is still
 * pending, or it is still being submitted, or a wrong clock has dated it into the future. `stop`: it is too young, and so are
 * those behind it.
 */
export function retainSubmission(
  { isOpen, createdAt }: { isOpen: boolean; createdAt: number },
  { now, createdBefore }: { now: number; createdBefore: number },
): 'delete' | 'keep' | 'stop' {
  if (createdAt > now + CLOCK_SLACK_MS) return 'keep'
  if (createdAt >= createdBefore) return 'stop'
  return isOpen ? 'keep' : 'delete'
}
