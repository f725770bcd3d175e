import { expect, test } from 'vitest'
import {
  AWS_TAG,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from '../integration/reconcile-setup.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { drawFault, NO_FAULT, startTcpProxy } from './tcp-proxy.ts'

const PASSES = numberFor('FAULTY_LOOKUPS', { short: 12, long: 1000 })
const FAULT_RANGE = { messages: 4, sizes: { request: 300, response: 1500 } }

async function expectAll(
  tracker: RunningTracker,
  fileIds: readonly string[],
  expected: object,
): Promise<void> {
  for (const fileId of fileIds) expect(await statusOf(tracker, fileId)).toMatchObject(expected)
}

test(`a broken response counts neither as evidence nor as its absence: ${PASSES} reconciler passes behind a faulty network, seed ${SEED}`, {
  timeout: 30_000 + PASSES * 3000,
}, async () => {
  const random = createRandom(SEED)
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  let isFaulty = true
  const proxy = await startTcpProxy(library.env.IMAGEKIT_API_URL, () =>
    isFaulty ? drawFault(random, FAULT_RANGE) : NO_FAULT,
  )
  const env = { ...WITHOUT_RECONCILER, ...library.env, IMAGEKIT_API_URL: proxy.url }
  const tracker = await startTracker(env, { clock, imagekitTimeoutMs: 50 })
  const tagged: string[] = []
  const untagged: string[] = []
  const findings: Record<string, number> = {}
  let stoppedPasses = 0
  const reconcileOnce = async () => {
    const { runs, stoppedBy } = await reconcileNow(tracker)
    if (stoppedBy !== null) stoppedPasses += 1
    for (const { fileId, finding } of runs) {
      findings[finding] = (findings[finding] ?? 0) + 1
      // The run of a tagged file must never time out: only an incomplete response of ImageKit could lack the tags.
      if (tagged.includes(fileId ?? '')) expect(['evidence', 'unchanged']).toContain(finding)
      else expect(['timed_out', 'unchanged']).toContain(finding)
    }
  }

  for (let count = 0; count < PASSES; count += 1) {
    const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
    library.change(fileId, AWS_TAG)
    tagged.push(fileId)
    untagged.push((await uploadWith(tracker, ['aws-auto-tagging'])).fileId)
    // Past EXPIRE_AFTER (25 hours), so that a complete response without evidence expires the runs.
    advance(30 * 3_600_000)
    await reconcileOnce()
  }
  // Some passes found evidence. Others were stopped by failed lookups.
  expect(stoppedPasses).toBeGreaterThan(0)
  expect(Object.keys(findings)).toContain('evidence')
  isFaulty = false
  await expect
    .poll(async () => {
      advance(3_600_000)
      await reconcileOnce()
      return (findings['evidence'] ?? 0) + (findings['timed_out'] ?? 0)
    })
    .toBe(2 * PASSES)
  await expectAll(tracker, tagged, { status: 'success', extensions: [{ source: 'reconcile' }] })
  await expectAll(tracker, untagged, { status: 'expired' })
  reportFigures(
    `lookups behind faults: ${PASSES} passes, seed ${SEED}, faults ${JSON.stringify(proxy.faults())}: ${stoppedPasses} stopped by failed lookups, ${JSON.stringify(findings)}`,
  )
})
