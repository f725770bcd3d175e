/** The one-time tokens that were used. */
export type UsedTokens = { use(token: string): boolean }

const MAX_TOKENS = 100_000

/** `use` returns false for a token that was used before. The oldest are evicted; no token is valid for over an hour. */
export function createUsedTokens(): UsedTokens {
  const used = new Set<string>()
  return {
    use(token) {
      if (used.has(token)) return false
      used.add(token)
      const [oldest] = used
      if (used.size > MAX_TOKENS && oldest !== undefined) used.delete(oldest)
      return true
    },
  }
}
