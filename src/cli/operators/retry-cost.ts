import { z } from 'zod'

export const costSchema = z.looseObject({ total: z.number(), units: z.number(), unpriced: z.number() })

/** What ImageKit takes for runs; of some extensions no price is known. */
export function formatCost({ total, units, unpriced }: z.infer<typeof costSchema>): string {
  const runs = total === 1 ? '1 run' : `${total} runs`
  if (unpriced === total) return `${runs}, of which no price is known`
  const cost = `${runs}, ${units} extension unit${units === 1 ? '' : 's'}`
  return unpriced === 0 ? cost : `${cost}; no price is known of ${unpriced} of them`
}
