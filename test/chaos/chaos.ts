import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Most of these tests have a short and a long form. `npm run chaos` sets `CHAOS` for the long one; otherwise the short one runs. */
const IS_LONG = process.env['CHAOS'] === 'long'

/** The file in which `npm run chaos` collects the figures. */
const FIGURES = process.env['CHAOS_FIGURES']

/** The seed of the random choices in these tests; any will do. It makes a failure reproducible, unless the failure depends on timing. */
export const SEED = Number(process.env['CHAOS_SEED'] ?? 20_261)

/**
 * A number that differs between the short and the long form of a test, such as how many uploads it makes. The environment
 * variable `variable` overrides it.
 */
export function numberFor(variable: string, { short, long }: { short: number; long: number }): number {
  return Number(process.env[variable] ?? (IS_LONG ? long : short))
}

/** Prints the figures of a test in one line. */
export function reportFigures(figures: string): void {
  console.log(figures)
  if (FIGURES === undefined) return
  mkdirSync(dirname(FIGURES), { recursive: true })
  appendFileSync(FIGURES, `${figures}\n`)
}

/**
 * A seeded generator of random numbers from 0 up to, but not including, 1 (mulberry32):
 * https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
