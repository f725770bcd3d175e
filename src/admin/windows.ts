/** How far back the overview looks. */
export const WINDOWS = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as const

export type Window = keyof typeof WINDOWS
