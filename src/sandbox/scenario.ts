import { badRequest } from './api-error.ts'

/** The final status of one extension (null: it stays pending), and whether the response already reports it. */
export type Outcome = { status: 'success' | 'failed' | null; isImmediate: boolean }

const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ['success', { status: 'success', isImmediate: false }],
  ['failed', { status: 'failed', isImmediate: false }],
  ['success-now', { status: 'success', isImmediate: true }],
  ['failed-now', { status: 'failed', isImmediate: true }],
  ['pending', { status: null, isImmediate: false }],
])

const WEBHOOK_BEHAVIOURS = [
  // No webhook is sent, but the file changes.
  'drop',
  // Each webhook is sent three times.
  'duplicate',
  // The webhooks are sent before the response.
  'early',
  // The webhooks are sent after ten times the delay.
  'late',
  // The webhooks of one request are sent in reverse order.
  'reorder',
  // Each webhook is followed by one with the opposite status.
  'conflict',
] as const

type WebhookBehaviour = (typeof WEBHOOK_BEHAVIOURS)[number]

/**
 * The behaviour that `sandbox:` tags select, as test cards do for payments: for an upload, the tags that it sends; for an update, the
 * tags that the file has after it.
 */
export type Scenario = {
  outcomes: ReadonlyMap<string, Outcome>
  webhookBehaviours: ReadonlySet<WebhookBehaviour>
  /** How long an extension takes that does not finish within the request; with `early`, it takes no time. */
  delayMs: number
}

const DEFAULT_DELAY_MS = 300
const SUCCESS: Outcome = { status: 'success', isImmediate: false }

/**
 * Parses `sandbox:EXTENSION=OUTCOME`, `sandbox:webhook=BEHAVIOUR` (several can be combined) and `sandbox:delay=MS`. Any
 * other `sandbox:` tag is rejected, because a misspelt tag would silently test something else.
 */
export function parseScenario(tags: readonly string[]): Scenario {
  const outcomes = new Map<string, Outcome>()
  const webhookBehaviours = new Set<WebhookBehaviour>()
  let delayMs = DEFAULT_DELAY_MS
  for (const tag of tags) {
    if (!tag.startsWith('sandbox:')) continue
    const [, name = '', value = ''] = /^sandbox:([^=]+)=(.*)$/.exec(tag) ?? []
    const behaviour = WEBHOOK_BEHAVIOURS.find((known) => known === value)
    const outcome = OUTCOMES.get(value)
    if (name === 'webhook' && behaviour !== undefined) webhookBehaviours.add(behaviour)
    else if (name === 'delay' && /^\d{1,8}$/.test(value)) delayMs = Number(value)
    else if (name !== '' && name !== 'webhook' && name !== 'delay' && outcome !== undefined)
      outcomes.set(name, outcome)
    else throw badRequest(`Your request contains the tag "${tag}", which the sandbox does not understand.`)
  }
  return { outcomes, webhookBehaviours, delayMs }
}

/** For a saved extension, a tag can name `saved-extension` or the extension that its id stands for, which takes precedence. */
export function outcomeOf(scenario: Scenario, extension: { name: string; requestedName: string }): Outcome {
  return scenario.outcomes.get(extension.name) ?? scenario.outcomes.get(extension.requestedName) ?? SUCCESS
}
