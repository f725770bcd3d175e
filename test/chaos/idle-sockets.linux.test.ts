import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { numberFor, reportFigures, SEED } from './chaos.ts'
import { createDice } from './hostile/dice.ts'
import { type IdleSocket, openIdleSocket } from './hostile/idle-socket.ts'
import { startRandomImagekit } from './hostile/random-imagekit.ts'
import { startTarget } from './hostile/target.ts'

const SOCKETS = numberFor('IDLE_SOCKETS', { short: 1000, long: 10_000 })
const DELIVERIES = numberFor('IDLE_DELIVERIES', { short: 200, long: 1500 })
/** The seconds within which the service must close all idle sockets; 0 if the test doesn't wait for that. */
const CLOSED_WITHIN_S = numberFor('IDLE_CLOSED_WITHIN_S', { short: 0, long: 100 })
const AT_ONCE = 16
/** The callers that send the deliveries keep fewer connections open than this. */
const MAX_KEEP_ALIVE_CONNECTIONS = 100

/** Besides 64 MiB, 32 KiB per idle socket: for the socket, its HTTP parser and a request that has begun. 18 KiB were measured. */
const MAX_GROWTH_MIB = 64 + (SOCKETS * 32) / 1024

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

function maxDescriptorsOf(pid: number): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
}

test(`${SOCKETS} idle sockets don't block other callers, and memory stays bounded, seed ${SEED}`, {
  timeout: 240_000,
}, async () => {
  const dice = createDice(SEED)
  const target = await startTarget(await startRandomImagekit(dice))
  // Node raises its own limit on open files to the highest allowed value.
  for (const pid of [process.pid, target.pid]) expect(maxDescriptorsOf(pid)).toBeGreaterThan(SOCKETS + 500)
  const { webhookToken, fileId: unsettled } = await target.register('unreported')
  const before = { memory: target.memoryMib().now, descriptors: descriptorsOf(target.pid) }

  const sockets: IdleSocket[] = []
  for (let index = 0; index < SOCKETS; index += 100) {
    const opening = Array.from({ length: 100 }, (_, more) => {
      const idling = dice.pick(['silent', 'dripping', 'started'] as const)
      return openIdleSocket(target.url, index + more, idling, `/webhooks/extension/${webhookToken}`)
    })
    sockets.push(...(await Promise.all(opening)))
  }
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const dripping = setInterval(() => {
    for (const socket of sockets) socket.drip()
  }, 1000)
  onTestFinished(() => clearInterval(dripping))
  await expect.poll(() => descriptorsOf(target.pid)).toBeGreaterThanOrEqual(SOCKETS)

  const times: number[] = []
  const lost: string[] = []
  let remaining = DELIVERIES
  const deliver = async () => {
    while (remaining > 0) {
      remaining -= 1
      const { fileId, webhookUrl } = await target.register(`file-${remaining}`)
      const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileId })
      const from = performance.now()
      const response = await target.fetchJson(webhookUrl, { method: 'POST', body })
      times.push(performance.now() - from)
      const { json } = await target.fetchJson(`/assets/${fileId}/status`)
      if (response.status !== 200 || JSON.stringify(json).includes('"status":"success"') === false)
        lost.push(fileId)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, deliver))
  const sorted = times.toSorted((a, b) => a - b)
  const percentile = (part: number) =>
    Math.round(sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN)
  const open = sockets.filter((socket) => socket.isOpen()).length
  const memory = target.memoryMib()

  let closed = 'closed by their callers'
  if (CLOSED_WITHIN_S > 0) {
    const stillOpen = () => sockets.filter((socket) => socket.isOpen()).length
    await expect.poll(stillOpen, { timeout: CLOSED_WITHIN_S * 1000, interval: 500 }).toBe(0)
    const timedOut = sockets.filter((socket) => socket.received().startsWith('HTTP/1.1 408 ')).length
    closed = `closed by the service, ${timedOut} of them with 408`
    expect(timedOut).toBe(SOCKETS)
  }
  for (const socket of sockets) socket.destroy()
  await expect
    .poll(() => descriptorsOf(target.pid))
    .toBeLessThanOrEqual(before.descriptors + MAX_KEEP_ALIVE_CONNECTIONS)

  reportFigures(
    `idle sockets: ${SOCKETS}, seed ${SEED}: ${open} of them still open when ${DELIVERIES} deliveries had a response, in ${percentile(0.5)} ms (p50), ` +
      `${percentile(0.99)} ms (p99), ${lost.length} lost; memory ${before.memory} → ${memory.now} MiB, at most ${memory.highest}; ${closed}`,
  )
  expect(lost).toEqual([])
  // A caller that had to wait for an idle socket would wait until this socket times out, after 30 s or more.
  expect(percentile(0.99)).toBeLessThan(10_000)
  expect(memory.highest - before.memory).toBeLessThan(MAX_GROWTH_MIB)
  // The idle sockets of kind `started` have sent only the beginning of its webhook.
  expect(await target.fetchJson(`/assets/${unsettled}/status`)).toMatchObject({ json: { status: 'pending' } })
  await target.expectWorking()
  expect(target.unexpectedLogLines()).toEqual([])
})
