import type { z } from 'zod'
import type { retryPreviewSchema } from '../../contract/operations.ts'

/** The number of runs and their cost at ImageKit. The price of some extensions is not known. */
export function formatCost({ total, units, unpriced }: z.infer<typeof retryPreviewSchema>): string {
  const runs = total === 1 ? '1 run' : `${total} runs`
  if (unpriced === total) return `${runs}, price unknown`
  const cost = `${runs}, ${units} extension unit${units === 1 ? '' : 's'}`
  return unpriced === 0 ? cost : `${cost}; price unknown for ${unpriced} of them`
}
