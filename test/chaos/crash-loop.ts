import { join } from 'node:path'
import { expect } from 'vitest'
import { type RunningProgram, runServe } from '../support/program.ts'
import { createRandom, SEED } from './chaos.ts'
import { createLoad, type SentSubmission } from './load.ts'
import { listLost, listMissingRows, settleRest } from './losses.ts'

/**
 * Runs the built service under load, kills it and starts it again on the same files, `cycles` times or until something is lost.
 * After each start, lists as lost what was acknowledged and is not there. Then sends the webhooks that were not acknowledged again, as
 * ImageKit does; `unacknowledged` is their number.
 */
export async function runCrashLoop(plan: {
  cycles: number
  directory: string
  env: { [name: string]: string }
  /** Each cycle calls `kill` after a random number of responses, at most this many. */
  maxResponses: number
  /** Kills the service with SIGKILL, at once or a little later. */
  kill(service: RunningProgram, cycle: number, random: () => number): void
  /** Changes the files while the service is down. */
  whileDead?(): void
}): Promise<{ submissions: number; deliveries: number; unacknowledged: number; lost: string[] }> {
  const { cycles, directory, maxResponses } = plan
  const random = createRandom(SEED)
  const load = await createLoad()
  const env = {
    IMAGEKIT_PRIVATE_KEY: 'any',
    IMAGEKIT_UPLOAD_URL: load.imagekitUrl,
    DATABASE_URL: `file:${join(directory, 'tracker.db')}`,
    ...plan.env,
  }
  let service = await runServe(env)
  const { port } = new URL(service.url)
  const all: SentSubmission[] = []
  const lost: string[] = []
  let submissions = 0
  let deliveries = 0
  for (let cycle = 0; cycle < cycles && lost.length === 0; cycle += 1) {
    const dying = service
    const responses = Math.ceil(random() * maxResponses)
    const uploads = await load.run(dying.url, responses, () => plan.kill(dying, cycle, random))
    await dying.exited
    expect(dying.process.signalCode, dying.output()).toBe('SIGKILL')
    plan.whileDead?.()
    service = await runServe({ ...env, PORT: port })

    submissions += uploads.filter(({ submissionId }) => submissionId !== null).length
    deliveries += uploads.filter(({ isAcknowledged }) => isAcknowledged).length
    all.push(...uploads)
    lost.push(...(await listLost(service.url, uploads)))
    if (lost.length === 0) lost.push(...(await settleRest(service.url, uploads)))
  }
  // The results of all cycles must still be there at the end.
  if (lost.length === 0)
    lost.push(
      ...(await listLost(service.url, all)),
      ...(await listMissingRows({ url: env.DATABASE_URL }, all)),
    )
  return { submissions, deliveries, unacknowledged: all.length - deliveries, lost }
}
