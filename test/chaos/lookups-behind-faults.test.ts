import { expect, test } from 'vitest'
import {
  AWS_TAG,
  BY_HAND,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
} from '../integration/reconcile-setup.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'
import { createRandom, SEED, tell, timesOf } from './chaos.ts'
import { drawFault, NO_FAULT, startTcpProxy } from './tcp-proxy.ts'

const LOOKS = timesOf('FAULTY_LOOKS', { short: 12, long: 1000 })
const SIZES = { messages: 4, sizes: { request: 300, answer: 1500 } }

async function expectAll(tracker: RunningTracker, fileIds: readonly string[], seen: object): Promise<void> {
  for (const fileId of fileIds) expect(await statusOf(tracker, fileId)).toMatchObject(seen)
}

test(`${LOOKS} looks at ImageKit through a faulty network, seed ${SEED}: no broken answer says that nothing is there`, {
  timeout: 30_000 + LOOKS * 3000,
}, async () => {
  const random = createRandom(SEED)
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  let isFaulty = true
  const proxy = await startTcpProxy(library.env.IMAGEKIT_API_URL, () =>
    isFaulty ? drawFault(random, SIZES) : NO_FAULT,
  )
  const env = { ...BY_HAND, ...library.env, IMAGEKIT_API_URL: proxy.url }
  const tracker = await startTracker(env, { clock, imagekitTimeoutMs: 50 })
  const tagged: string[] = []
  const untold: string[] = []
  const findings: Record<string, number> = {}
  let unanswered = 0
  const look = async () => {
    const { runs, stoppedBy } = await reconcileNow(tracker)
    if (stoppedBy !== null) unanswered += 1
    for (const { fileId, finding } of runs) {
      findings[finding] = (findings[finding] ?? 0) + 1
      // Its tags are there to be seen: only an answer that was not all of ImageKit's could lack them.
      if (tagged.includes(fileId ?? '')) expect(['evidence', 'unchanged']).toContain(finding)
      else expect(['timed_out', 'unchanged']).toContain(finding)
    }
  }

  for (let count = 0; count < LOOKS; count += 1) {
    const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
    library.change(fileId, AWS_TAG)
    tagged.push(fileId)
    untold.push((await uploadWith(tracker, ['aws-auto-tagging'])).fileId)
    // Past their window, so that whatever is believed expires them.
    advance(30 * 3_600_000)
    await look()
  }
  // Some were answered, some were not.
  expect(unanswered).toBeGreaterThan(0)
  expect(Object.keys(findings)).toContain('evidence')
  isFaulty = false
  await expect
    .poll(async () => {
      advance(3_600_000)
      await look()
      return (findings['evidence'] ?? 0) + (findings['timed_out'] ?? 0)
    })
    .toBe(2 * LOOKS)
  await expectAll(tracker, tagged, { status: 'success', extensions: [{ source: 'reconcile' }] })
  await expectAll(tracker, untold, { status: 'expired' })
  tell(
    `lookups behind faults: ${LOOKS} looks, seed ${SEED}, faults ${JSON.stringify(proxy.faults())}: ${unanswered} without an answer, ${JSON.stringify(findings)}`,
  )
})
