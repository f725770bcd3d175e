import { z } from 'zod'

const DAY_MS = 86_400_000

/** The periods that the overview can show. Longer ones have more hours per bar, so that bars stay wide enough to see. */
export const PERIODS = {
  '24h': { name: '24 hours', ms: DAY_MS, hoursPerBar: 1, barName: 'hour' },
  '7d': { name: '7 days', ms: 7 * DAY_MS, hoursPerBar: 6, barName: '6 hours' },
  '30d': { name: '30 days', ms: 30 * DAY_MS, hoursPerBar: 24, barName: 'day' },
} as const

export type Period = keyof typeof PERIODS

export const periodSchema = z.enum(Object.keys(PERIODS) as Period[], {
  message: `must be one of ${Object.keys(PERIODS).join(', ')}`,
})
