// Generates the runs and file names of large databases with a seeded random number generator.
import type { Run, RunStatus } from '#src/domain/run'

export const DAY_MS = 86_400_000
/** The default of `EXPIRE_AFTER`. */
const EXPIRE_AFTER_MS = 25 * 3_600_000

export const CAUSES: { [extension: string]: string[] } = {
  'remove-bg': ['unknown_foreground', 'image_too_small', 'quota_exceeded'],
  'aws-auto-tagging': ['ImageTooLargeException', 'ThrottlingException', 'InvalidImageFormatException'],
  'google-auto-tagging': ['bad_image_data', 'deadline_exceeded'],
  'ai-auto-description': ['description_not_generated', 'content_filtered'],
  'ai-tasks': ['tasks_not_evaluated', 'model_overloaded'],
}
export const EXTENSIONS = Object.keys(CAUSES)

/** The prefixes of file names, and how many of a thousand names have each. */
const NAME_PREFIXES: [string, number][] = [
  ['IMG_', 600],
  ['product-', 330],
  ['logo-', 50],
  ['banner-', 16],
  ['invoice-', 4],
]

export type Random = () => number

/** Cumulative shares of 94 % success, 4 % failed and 1 % expired; the other 1 % is pending. */
export const SHARES = { success: 0.94, failed: 0.98, expired: 0.99 }

/**
 * `at`: the time of the request. Most runs settle after a few seconds, the slowest after 61. Half of the failures are acknowledged a day
 * after they settled, except new ones (`isNew`).
 */
export function generateRun(
  random: Random,
  {
    runId,
    submissionId,
    name,
    at,
    isNew,
  }: { runId: string; submissionId: string; name: string; at: number; isNew: boolean },
): Run {
  const status = generateStatus(random())
  const settledAt = at + Math.round(1_000 + 60_000 * random() ** 4)
  const isFinal = status === 'success' || status === 'failed'
  return {
    runId,
    submissionId,
    name,
    requestedAs: null,
    status,
    source: isFinal ? 'webhook' : status === 'expired' ? 'expiry' : 'response',
    attempt: 1,
    requestedAt: at,
    settledAt: isFinal ? settledAt : null,
    updatedAt: status === 'expired' ? at + EXPIRE_AFTER_MS : settledAt,
    error: status === 'failed' ? { message: 'Processing failed.', code: generateCause(random, name) } : null,
    evidence: status === 'expired' ? { kind: 'timed_out' } : null,
    contradicted: false,
    acknowledgedAt: status === 'failed' && !isNew && random() < 0.5 ? settledAt + DAY_MS : null,
  }
}

/** `drawn`: a random number from 0 to 1. */
function generateStatus(drawn: number): RunStatus {
  if (drawn < SHARES.success) return 'success'
  if (drawn < SHARES.failed) return 'failed'
  return drawn < SHARES.expired ? 'expired' : 'pending'
}

function generateCause(random: Random, extension: string): string {
  const causes = CAUSES[extension] ?? []
  return causes[Math.floor(random() * causes.length)] ?? 'unknown'
}

/** Between one and `max` distinct extensions, but never more than there are in `EXTENSIONS`. */
export function generateExtensions(random: Random, max: number): string[] {
  const first = Math.floor(random() * EXTENSIONS.length)
  const count = 1 + Math.floor(random() * max)
  const repeated = [...EXTENSIONS, ...EXTENSIONS]
  return repeated.slice(first, first + Math.min(count, EXTENSIONS.length))
}

export function generateFileName(random: Random, index: number): string {
  let remaining = Math.floor(random() * 1_000)
  for (const [prefix, share] of NAME_PREFIXES) {
    if (remaining < share) return `${prefix}${index}.jpg`
    remaining -= share
  }
  return `${index}.jpg`
}

/** A seeded random number generator (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
