import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type RunningProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { createRandom, SEED, tell, timesOf } from './chaos.ts'

const CYCLES = timesOf('KILL_CYCLES', { short: 15, long: 500 })
const AT_ONCE = 32

type Told = { submissionId: string; fileId: string; webhookUrl: string; isAcknowledged: boolean }

/** Registers submissions and tells their webhooks, many at once, until the service is gone. */
async function tellUntilKilled(url: string, cycle: number, told: Told[]): Promise<void> {
  let next = 0
  const worker = async () => {
    for (;;) {
      const fileId = `file-${cycle}-${next++}`
      const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
      const registered = await post(`${url}/submissions`, body)
      const one = { ...registered, fileId, isAcknowledged: false }
      told.push(one)
      const word = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } }
      await post(one.webhookUrl, JSON.stringify(word))
      one.isAcknowledged = true
    }
  }
  await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
}

async function post(url: string, body: string) {
  const answer = await fetch(url, { method: 'POST', body })
  if (!answer.ok) throw new Error(`${answer.status}`)
  return (await answer.json()) as { submissionId: string; webhookUrl: string }
}

async function statusesOf(url: string, fileIds: readonly string[]): Promise<Map<string, string>> {
  const statuses = new Map<string, string>()
  for (let at = 0; at < fileIds.length; at += 100) {
    const query = fileIds.slice(at, at + 100).map((fileId) => `fileId=${fileId}`)
    const answer = await fetch(`${url}/assets/status?${query.join('&')}`)
    const { assets } = (await answer.json()) as { assets: { fileId: string; status: string }[] }
    for (const asset of assets) statuses.set(asset.fileId, asset.status)
  }
  return statuses
}

async function killAfter(service: RunningProgram, ms: number): Promise<void> {
  // The moment is the test's own choice; nothing is waited for.
  await new Promise((resolve) => setTimeout(resolve, ms))
  service.process.kill('SIGKILL')
  await service.exited
}

test(`nothing that was acknowledged is lost by kill -9, ${CYCLES} times, seed ${SEED}`, {
  timeout: CYCLES * 10_000,
}, async () => {
  const random = createRandom(SEED)
  const env = {
    IMAGEKIT_PRIVATE_KEY: 'any',
    LOG_LEVEL: 'info',
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
  }
  let service = await runServe(env)
  const { port } = new URL(service.url)
  let acknowledged = 0
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const told: Told[] = []
    await Promise.all([tellUntilKilled(service.url, cycle, told), killAfter(service, 30 + random() * 400)])
    service = await runServe({ ...env, PORT: port })

    const statuses = await statusesOf(
      service.url,
      told.map(({ fileId }) => fileId),
    )
    const lost = told.filter(({ fileId, isAcknowledged }) => {
      return statuses.get(fileId) === undefined || (isAcknowledged && statuses.get(fileId) !== 'success')
    })
    expect(lost).toEqual([])
    acknowledged += told.filter(({ isAcknowledged }) => isAcknowledged).length

    const open = told.filter(({ fileId }) => statuses.get(fileId) === 'pending')
    for (const { fileId, webhookUrl } of open) {
      const word = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } }
      await post(webhookUrl, JSON.stringify(word))
    }
    const settled = await statusesOf(
      service.url,
      open.map(({ fileId }) => fileId),
    )
    expect([...settled.values()].filter((status) => status !== 'success')).toEqual([])
  }
  tell(`kill -9: ${CYCLES} cycles, seed ${SEED}: ${acknowledged} acknowledged, 0 lost`)
  expect(acknowledged).toBeGreaterThan(CYCLES)
})
