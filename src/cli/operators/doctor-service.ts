import { request } from 'undici'
import { z } from 'zod'
import { type Check, fail, ok } from '../../domain/check.ts'
import { checkClock } from '../../domain/check-surroundings.ts'
import { isLoopbackHost } from '../../domain/loopback.ts'
import { CommandError, errorMessage } from '../command-error.ts'
import type { TrackerAccess } from '../tracker-access.ts'
import type { TrackerAnswer } from '../tracker-answer.ts'
import type { TrackerClient } from '../tracker-client.ts'

const examinationSchema = z.looseObject({
  instanceId: z.string(),
  publicUrl: z.string(),
  version: z.string(),
  node: z.string(),
  checks: z.array(
    z.object({
      name: z.string(),
      level: z.enum(['ok', 'warn', 'fail']),
      told: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
})
type Examination = z.infer<typeof examinationSchema>

const ANSWER_MS = 60_000
const REACH_MS = 10_000

/** What the service says of itself, and what can be seen of it from here. Returns whether it answered. */
export async function* checkService(
  access: TrackerAccess,
  client: TrackerClient,
): AsyncGenerator<Check, boolean> {
  let answer: TrackerAnswer
  try {
    answer = await client.send({ method: 'GET', path: '/doctor' }, AbortSignal.timeout(ANSWER_MS))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    yield fail(
      'service',
      error.message,
      'Start it, or set TRACKER_URL to where it is; nothing more can be seen.',
    )
    return false
  }
  const examination = readExamination(answer)
  if (examination === undefined) {
    yield refused(client, answer)
    return false
  }
  const { version, node, checks } = examination
  yield ok('service', `extension-tracker ${version} on Node ${node} at ${access.url}`)
  const date = Date.parse(answer.header('date') ?? '')
  if (!Number.isNaN(date)) yield checkClock('clock', Date.now() - date, "the service's")
  yield* checks
  const isElsewhere = !isLoopbackHost(new URL(access.url).hostname)
  const isHidden = isElsewhere && isLoopbackHost(new URL(examination.publicUrl).hostname)
  if (!isHidden) yield await checkReach(examination)
  return true
}

function readExamination({ status, text }: TrackerAnswer): Examination | undefined {
  if (status !== 200) return undefined
  try {
    return examinationSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function refused(client: TrackerClient, answer: TrackerAnswer): Check {
  const { status } = answer
  if (status === 401 || status === 403)
    return fail(
      'service',
      client.refusal(answer).message,
      'Set TRACKER_ADMIN_KEY to one that the service knows.',
    )
  if (status === 200 || status === 404)
    return fail(
      'service',
      'what answers is no service that knows of doctor',
      'See TRACKER_URL, and its version.',
    )
  return fail('service', client.refusal(answer).message, "See the service's log.")
}

/** Whether PUBLIC_URL leads to the process that was asked, as seen from here. */
async function checkReach({ publicUrl, instanceId }: Examination): Promise<Check> {
  const name = 'reach'
  try {
    const { statusCode, headers, body } = await request(`${publicUrl}/healthz`, {
      headersTimeout: REACH_MS,
      bodyTimeout: REACH_MS,
    })
    await body.dump()
    if (headers['x-instance-id'] === instanceId) return ok(name, `${publicUrl} leads to this very process`)
    if (statusCode >= 300 && statusCode < 400)
      return fail(
        name,
        `${publicUrl} leads on to ${[headers['location']].flat()[0] ?? 'nowhere'}`,
        'Set PUBLIC_URL to where it ends: a webhook is not sent on.',
      )
    return fail(
      name,
      `at ${publicUrl} something else answers (${statusCode})`,
      'Have the proxy pass it to this process; see that no other one is behind the same address.',
    )
  } catch (error) {
    return fail(
      name,
      `from here nothing answers at ${publicUrl}: ${errorMessage(error)}`,
      'See DNS, firewall, proxy. Where only the way from inside is closed, run doctor outside, with TRACKER_URL.',
    )
  }
}
