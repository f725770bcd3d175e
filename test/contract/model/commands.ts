import fc from 'fast-check'
import { accountWebhook } from './account-step.ts'
import { compare } from './compare.ts'
import type { Model } from './model.ts'
import { responding } from './response-step.ts'
import type { Plan, World } from './step.ts'
import { submitting } from './submit-step.ts'
import { claiming, finding, folding, notifying, pruning, restarting, sweeping } from './upkeep-steps.ts'
import { webhook } from './webhook-step.ts'

type Command = fc.AsyncCommand<Model, World>

/** Concurrent steps have the same results as sequential ones, even if the store is closed meanwhile. */
function atOnce(plans: readonly Plan[], isCut: boolean, canBegin: boolean): Command {
  let description = ''
  return {
    check: (model) =>
      canBegin || (model.submissions.length > 0 && plans.some((plan) => plan(model) !== undefined)),
    async run(model, world) {
      const steps = plans.flatMap((plan) => plan(model) ?? [])
      description = steps.map((step) => step.description).join(' | ')
      const taken = steps.map((step) => step.take(world))
      if (isCut) await world.reopen()
      for (const verify of await Promise.all(taken)) verify()
      await compare(model, world)
      world.saw('steps', steps.length)
    },
    toString: () =>
      `\n  ${plans.length > 1 ? `concurrently${isCut ? ' and closed' : ''}: ` : ''}${description}`,
  }
}

const beginning = fc
  .array(submitting, { minLength: 1, maxLength: 2 })
  .map((plans) => atOnce(plans, false, true))

const steps = fc.oneof(
  { arbitrary: webhook, weight: 5 },
  { arbitrary: responding, weight: 3 },
  { arbitrary: accountWebhook, weight: 2 },
  { arbitrary: finding, weight: 3 },
  { arbitrary: sweeping, weight: 3 },
  { arbitrary: folding, weight: 1 },
)
const continuing = fc
  .record({
    plans: fc.array(steps, { minLength: 1, maxLength: 6, size: 'max' }),
    isCut: fc.nat({ max: 19 }).map((number) => number === 19),
  })
  .map(({ plans, isCut }) => atOnce(plans, isCut, false))

/** Each of these runs alone, because it depends on what else is in progress. */
const upkeep = fc
  .oneof(
    { arbitrary: notifying, weight: 3 },
    { arbitrary: claiming, weight: 2 },
    { arbitrary: pruning, weight: 2 },
    { arbitrary: restarting, weight: 1 },
  )
  .map((plan) => atOnce([plan], false, false))

export function sequences(maxCommands: number) {
  const some = [
    beginning,
    beginning,
    beginning,
    upkeep,
    upkeep,
    ...Array.from({ length: 8 }, () => continuing),
  ]
  return fc.commands(some, { maxCommands, size: 'max' })
}
