import fc from 'fast-check'
import { accountWebhook } from './account-step.ts'
import { answering } from './answer-step.ts'
import { compare } from './compare.ts'
import type { Model } from './model.ts'
import type { Plan, World } from './step.ts'
import { submitting } from './submit-step.ts'
import { claiming, finding, folding, pruning, restarting, sweeping, telling } from './upkeep-steps.ts'
import { webhook } from './webhook-step.ts'

type Command = fc.AsyncCommand<Model, World>

/** Steps that are asked for at once end as they would one after another; also where the store is closed meanwhile. */
function atOnce(plans: readonly Plan[], isCut: boolean, canBegin: boolean): Command {
  let told = ''
  return {
    check: (model) =>
      canBegin || (model.submissions.length > 0 && plans.some((plan) => plan(model) !== undefined)),
    async run(model, world) {
      const steps = plans.flatMap((plan) => plan(model) ?? [])
      told = steps.map((step) => step.told).join(' | ')
      const taken = steps.map((step) => step.take(world))
      if (isCut) await world.reopen()
      for (const tell of await Promise.all(taken)) tell()
      await compare(model, world)
      world.saw('steps', steps.length)
    },
    toString: () => `\n  ${plans.length > 1 ? `at once${isCut ? ' and closed' : ''}: ` : ''}${told}`,
  }
}

const beginning = fc
  .array(submitting, { minLength: 1, maxLength: 2 })
  .map((plans) => atOnce(plans, false, true))

const steps = fc.oneof(
  { arbitrary: webhook, weight: 5 },
  { arbitrary: answering, weight: 3 },
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

/** Alone, for what they do and see depends on what else is under way. */
const upkeep = fc
  .oneof(
    { arbitrary: telling, weight: 3 },
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
