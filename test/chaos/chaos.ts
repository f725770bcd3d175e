import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** `npm test` runs each of these tests in a short form, `npm run chaos` in the long one. */
const IS_LONG = process.env['CHAOS'] === 'long'

/** Where `npm run chaos` gathers the figures. */
const FIGURES = process.env['CHAOS_FIGURES']

/** Everything random in these tests comes from it, so that what was found can be found again. */
export const SEED = Number(process.env['CHAOS_SEED'] ?? 20_261)

/** How often something is done; `variable` sets another number. */
export function timesOf(variable: string, { short, long }: { short: number; long: number }): number {
  return Number(process.env[variable] ?? (IS_LONG ? long : short))
}

/** Tells what was seen, in one line with its figures. */
export function tell(figures: string): void {
  console.log(figures)
  if (FIGURES === undefined) return
  mkdirSync(dirname(FIGURES), { recursive: true })
  appendFileSync(FIGURES, `${figures}\n`)
}

/** Numbers from 0 to 1. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
