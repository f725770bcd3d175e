// The runs that ninety days of use leave behind, invented: the same each time.
import type { Run, RunStatus } from '#src/domain/run'

export const DAY_MS = 86_400_000

export const CAUSES: { [extension: string]: string[] } = {
  'remove-bg': ['unknown_foreground', 'image_too_small', 'quota_exceeded'],
  'aws-auto-tagging': ['ImageTooLargeException', 'ThrottlingException', 'InvalidImageFormatException'],
  'google-auto-tagging': ['bad_image_data', 'deadline_exceeded'],
  'ai-auto-description': ['description_not_generated', 'content_filtered'],
  'ai-tasks': ['tasks_not_evaluated', 'model_overloaded'],
}
export const EXTENSIONS = Object.keys(CAUSES)

/** How names begin, and how many of a thousand do so. */
const NAMES: [string, number][] = [
  ['IMG_', 600],
  ['product-', 330],
  ['logo-', 50],
  ['banner-', 16],
  ['invoice-', 4],
]

export type Random = () => number

/** 94 % success, 4 % failed, 1 % expired, 1 % pending: the share of each, added to those before it. */
export const SHARES = { success: 0.94, failed: 0.98, expired: 0.99 }

/** Half of the failures older than a day are acknowledged. */
export function inventRun(
  random: Random,
  {
    runId,
    submissionId,
    name,
    at,
    isNew,
  }: { runId: string; submissionId: string; name: string; at: number; isNew: boolean },
): Run {
  const status = inventStatus(random())
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
    updatedAt: status === 'expired' ? at + 25 * 3_600_000 : settledAt,
    error: status === 'failed' ? { message: 'Processing failed.', code: inventCause(random, name) } : null,
    evidence: status === 'expired' ? { kind: 'timed_out' } : null,
    contradicted: false,
    acknowledgedAt: status === 'failed' && !isNew && random() < 0.5 ? settledAt + DAY_MS : null,
  }
}

function inventStatus(share: number): RunStatus {
  if (share < SHARES.success) return 'success'
  if (share < SHARES.failed) return 'failed'
  return share < SHARES.expired ? 'expired' : 'pending'
}

function inventCause(random: Random, extension: string): string {
  const causes = CAUSES[extension] ?? []
  return causes[Math.floor(random() * causes.length)] ?? 'unknown'
}

/** Different extensions, `most` at most. */
export function inventExtensions(random: Random, most: number): string[] {
  const first = Math.floor(random() * EXTENSIONS.length)
  const count = 1 + Math.floor(random() * most)
  const around = [...EXTENSIONS, ...EXTENSIONS]
  return around.slice(first, first + Math.min(count, EXTENSIONS.length))
}

export function inventFileName(random: Random, index: number): string {
  let left = Math.floor(random() * 1_000)
  for (const [begin, share] of NAMES) {
    if (left < share) return `${begin}${index}.jpg`
    left -= share
  }
  return `${index}.jpg`
}

/** The same numbers each time (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
