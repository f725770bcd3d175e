import fc from 'fast-check'
import { accountWebhook } from './account-step.ts'
import { compare } from './compare.ts'
import { claiming, finding, folding, notifying, pruning, restarting, sweeping } from './job-steps.ts'
import type { Model } from './model.ts'
import { responding } from './response-step.ts'
import type { Plan, StepContext } from './step.ts'
import { submitting } from './submit-step.ts'
import { webhook } from './webhook-step.ts'

type Command = fc.AsyncCommand<Model, StepContext>

/**
 * Performs steps at the same time, applies them to the model one after the other, and compares the store with the model. If
 * `isReopened`, the store is closed and opened again while the steps are in progress. If `canStartEmpty`, the steps need no earlier
 * submission.
 */
function concurrently(plans: readonly Plan[], isReopened: boolean, canStartEmpty: boolean): Command {
  let description = ''
  return {
    check: (model) =>
      canStartEmpty || (model.submissions.length > 0 && plans.some((plan) => plan(model) !== undefined)),
    async run(model, context) {
      const steps = plans.flatMap((plan) => plan(model) ?? [])
      description = steps.map((step) => step.description).join(' | ')
      const performed = steps.map((step) => step.perform(context))
      if (isReopened) await context.reopen()
      for (const verify of await Promise.all(performed)) verify()
      await compare(model, context)
      context.countCase('steps', steps.length)
    },
    toString: () =>
      `\n  ${plans.length > 1 ? `concurrently${isReopened ? ' while the store is reopened' : ''}: ` : ''}${description}`,
  }
}

const newSubmissions = fc
  .array(submitting, { minLength: 1, maxLength: 2 })
  .map((plans) => concurrently(plans, false, true))

const concurrentStep = fc.oneof(
  { arbitrary: webhook, weight: 5 },
  { arbitrary: responding, weight: 3 },
  { arbitrary: accountWebhook, weight: 2 },
  { arbitrary: finding, weight: 3 },
  { arbitrary: sweeping, weight: 3 },
  { arbitrary: folding, weight: 1 },
)
const concurrentSteps = fc
  .record({
    plans: fc.array(concurrentStep, { minLength: 1, maxLength: 6, size: 'max' }),
    // True once in 20 times.
    isReopened: fc.nat({ max: 19 }).map((number) => number === 19),
  })
  .map(({ plans, isReopened }) => concurrently(plans, isReopened, false))

/** One of the steps that are performed alone, because their results depend on what else is in progress. */
const singleStep = fc
  .oneof(
    { arbitrary: notifying, weight: 3 },
    { arbitrary: claiming, weight: 2 },
    { arbitrary: pruning, weight: 2 },
    { arbitrary: restarting, weight: 1 },
  )
  .map((plan) => concurrently([plan], false, false))

/** Sequences of commands. How often each kind is listed is its weight. */
export function sequences(maxCommands: number) {
  const commands = [
    newSubmissions,
    newSubmissions,
    newSubmissions,
    singleStep,
    singleStep,
    ...Array.from({ length: 8 }, () => concurrentSteps),
  ]
  return fc.commands(commands, { maxCommands, size: 'max' })
}
