// What ninety days of use leave behind, made up: the same each time.
import { v7 } from 'uuid'

export const DAY = 86_400_000
export const EXTENSIONS = [
  'remove-bg',
  'aws-auto-tagging',
  'google-auto-tagging',
  'ai-auto-description',
  'ai-tasks',
]
const CAUSES = {
  'remove-bg': ['unknown_foreground', 'image_too_small', 'quota_exceeded'],
  'aws-auto-tagging': ['ImageTooLargeException', 'ThrottlingException', 'InvalidImageFormatException'],
  'google-auto-tagging': ['bad_image_data', 'deadline_exceeded'],
  'ai-auto-description': ['description_not_generated', 'content_filtered'],
  'ai-tasks': ['tasks_not_evaluated', 'model_overloaded'],
}
/** How names begin, and how many of a thousand do so. */
const NAMES = [
  ['IMG_', 600],
  ['product-', 330],
  ['logo-', 50],
  ['banner-', 16],
  ['invoice-', 4],
]

/** 94 % success, 4 % failed, 1 % expired, 1 % pending. Half of the failures that are a week old were seen to. */
export function runOf(random, { submissionId, name, at, isNew }) {
  const dice = random()
  const status = dice < 0.94 ? 'success' : dice < 0.98 ? 'failed' : dice < 0.99 ? 'expired' : 'pending'
  const settledAt = at + Math.round(1_000 + 60_000 * random() ** 4)
  const isFinal = status === 'success' || status === 'failed'
  const causes = CAUSES[name]
  return {
    runId: v7({ msecs: at }),
    submissionId,
    name,
    requestedAs: null,
    status,
    source: isFinal ? 'webhook' : status === 'expired' ? 'expiry' : 'response',
    attempt: 1,
    requestedAt: at,
    settledAt: isFinal ? settledAt : null,
    updatedAt: status === 'expired' ? at + 25 * 3_600_000 : settledAt,
    error:
      status === 'failed'
        ? { message: 'It could not be done.', code: causes[Math.floor(random() * causes.length)] }
        : null,
    evidence: status === 'expired' ? { kind: 'no_word' } : null,
    contradicted: false,
    acknowledgedAt: status === 'failed' && !isNew && random() < 0.5 ? settledAt + DAY : null,
  }
}

export function nameOf(random, index) {
  let dice = Math.floor(random() * 1_000)
  for (const [begin, share] of NAMES) {
    if (dice < share) return `${begin}${index}.jpg`
    dice -= share
  }
  return `${index}.jpg`
}

/** The same numbers each time. */
export function createRandom(start) {
  let state = start | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
