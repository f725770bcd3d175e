import { z } from 'zod'

export const costSchema = z.looseObject({ total: z.number(), units: z.number(), unpriced: z.number() })

/** The number of runs and their cost at ImageKit. The price of some extensions is not known. */
export function formatCost({ total, units, unpriced }: z.infer<typeof costSchema>): string {
  const runs = total === 1 ? '1 run' : `${total} runs`
  if (unpriced === total) return `${runs}, price unknown`
  const cost = `${runs}, ${units} extension unit${units === 1 ? '' : 's'}`
  return unpriced === 0 ? cost : `${cost}; price unknown for ${unpriced} of them`
}
