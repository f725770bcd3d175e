import { badRequest } from './api-error.ts'

/** How one extension goes: its final word (null: never one), and whether the response already has it. */
export type Course = { word: 'success' | 'failed' | null; now: boolean }

const COURSES: ReadonlyMap<string, Course> = new Map([
  ['success', { word: 'success', now: false }],
  ['failed', { word: 'failed', now: false }],
  ['success-now', { word: 'success', now: true }],
  ['failed-now', { word: 'failed', now: true }],
  ['pending', { word: null, now: false }],
])

const WEBHOOK_QUIRKS = ['drop', 'duplicate', 'early', 'late', 'reorder', 'conflict'] as const

type WebhookQuirk = (typeof WEBHOOK_QUIRKS)[number]

/** What a request's `sandbox:` tags ask for, as test cards do for payments. */
export type Scenario = {
  courses: ReadonlyMap<string, Course>
  quirks: ReadonlySet<WebhookQuirk>
  delayMs: number
}

const DEFAULT_DELAY_MS = 300
const SUCCESS: Course = { word: 'success', now: false }

/**
 * Reads `sandbox:EXTENSION=COURSE`, `sandbox:webhook=QUIRK` (several add up) and `sandbox:delay=MS`. A tag that says
 * none of these is refused: a misspelt one would test something else than its author thinks.
 */
export function parseScenario(tags: readonly string[]): Scenario {
  const courses = new Map<string, Course>()
  const quirks = new Set<WebhookQuirk>()
  let delayMs = DEFAULT_DELAY_MS
  for (const tag of tags) {
    if (!tag.startsWith('sandbox:')) continue
    const [, name = '', value = ''] = /^sandbox:([^=]+)=(.*)$/.exec(tag) ?? []
    const quirk = WEBHOOK_QUIRKS.find((known) => known === value)
    const course = COURSES.get(value)
    if (name === 'webhook' && quirk !== undefined) quirks.add(quirk)
    else if (name === 'delay' && /^\d{1,8}$/.test(value)) delayMs = Number(value)
    else if (name !== '' && name !== 'webhook' && name !== 'delay' && course !== undefined)
      courses.set(name, course)
    else throw badRequest(`Your request contains the tag "${tag}", which the sandbox does not understand.`)
  }
  return { courses, quirks, delayMs }
}

export function courseOf(scenario: Scenario, extension: { name: string; requestedName: string }): Course {
  return scenario.courses.get(extension.name) ?? scenario.courses.get(extension.requestedName) ?? SUCCESS
}
