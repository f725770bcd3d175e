/** One-time tokens that were seen. */
export type UsedTokens = { use(token: string): boolean }

const MOST_REMEMBERED = 100_000

/** `use` answers false for a token that was used before. The oldest are forgotten; none is valid over an hour. */
export function createUsedTokens(): UsedTokens {
  const used = new Set<string>()
  return {
    use(token) {
      if (used.has(token)) return false
      used.add(token)
      const [oldest] = used
      if (used.size > MOST_REMEMBERED && oldest !== undefined) used.delete(oldest)
      return true
    },
  }
}
