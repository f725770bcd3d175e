/** The periods that the overview can show. */
export const PERIODS = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as const

export type Period = keyof typeof PERIODS
