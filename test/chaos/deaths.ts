import { join } from 'node:path'
import { expect } from 'vitest'
import { type RunningProgram, runServe } from '../support/program.ts'
import { createRandom, SEED } from './chaos.ts'
import { createLoad, type Told } from './load.ts'
import { listLost, listMissingRows, settleRest } from './losses.ts'

/**
 * The built service under load, killed and started again on the same files, until a cycle has lost something. After each
 * start all that was acknowledged has to be there, and ImageKit tells again what was not.
 */
export async function surviveDeaths(plan: {
  cycles: number
  directory: string
  env: { [name: string]: string }
  /** A cycle's service is killed at one of its first so many answers. */
  mostAnswers: number
  /** Ends the service by SIGKILL, in its own time. */
  kill(service: RunningProgram, cycle: number, random: () => number): void
  /** What happens to the files while it is dead. */
  whileDead?(): void
}): Promise<{ submissions: number; deliveries: number; unacknowledged: number; lost: string[] }> {
  const { cycles, directory, mostAnswers } = plan
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
  const all: Told[] = []
  const lost: string[] = []
  let submissions = 0
  let deliveries = 0
  for (let cycle = 0; cycle < cycles && lost.length === 0; cycle += 1) {
    const dying = service
    const answers = Math.ceil(random() * mostAnswers)
    const told = await load.run(dying.url, answers, () => plan.kill(dying, cycle, random))
    await dying.exited
    expect(dying.process.signalCode, dying.output()).toBe('SIGKILL')
    plan.whileDead?.()
    service = await runServe({ ...env, PORT: port })

    submissions += told.filter(({ submissionId }) => submissionId !== null).length
    deliveries += told.filter(({ isAcknowledged }) => isAcknowledged).length
    all.push(...told)
    lost.push(...(await listLost(service.url, told)))
    if (lost.length === 0) lost.push(...(await settleRest(service.url, told)))
  }
  // What an early cycle has left is there after all the later ones.
  if (lost.length === 0)
    lost.push(
      ...(await listLost(service.url, all)),
      ...(await listMissingRows({ url: env.DATABASE_URL }, all)),
    )
  return { submissions, deliveries, unacknowledged: all.length - deliveries, lost }
}
