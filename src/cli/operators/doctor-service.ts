import { request } from 'undici'
import type { z } from 'zod'
import { TrackerApiError } from '../../client/client.ts'
import { readJson } from '../../client/http.ts'
import { diagnosticsSchema } from '../../contract/maintenance.ts'
import { errorMessage } from '../../domain/errors.ts'
import { isLoopbackHost } from '../../domain/host-address.ts'
import { type Check, fail, ok } from '../../tracking/operators/diagnostics/check.ts'
import { checkClock } from '../../tracking/operators/diagnostics/environment.ts'
import { CommandError } from '../command-error.ts'
import type { TrackerAccess } from '../tracker-access.ts'
import { type CommandClient, toCommandError } from '../tracker-client.ts'

type Diagnostics = z.infer<typeof diagnosticsSchema>

const RESPONSE_TIMEOUT_MS = 60_000
const REACH_TIMEOUT_MS = 10_000

/** Yields the checks that the service runs itself, and those that this process runs. Returns whether the service reported its checks. */
export async function* checkService({ access, http }: CommandClient): AsyncGenerator<Check, boolean> {
  const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS)
  let response: Response
  let report: Diagnostics | undefined
  try {
    response = await http.send('/doctor', { signal })
    report = diagnosticsSchema.safeParse(await readJson(response, signal)).data
  } catch (error) {
    yield toFailedCheck(access, error)
    return false
  }
  if (report === undefined) {
    yield notATracker(access)
    return false
  }
  const { version, node, checks } = report
  yield ok('service', `extension-tracker ${version} on Node ${node} at ${access.url}`)
  const date = Date.parse(response.headers.get('date') ?? '')
  if (!Number.isNaN(date)) yield checkClock('clock', Date.now() - date, "the service's")
  yield* checks
  const isRemote = !isLoopbackHost(new URL(access.url).hostname)
  // A loopback PUBLIC_URL of another machine can't be reached from here.
  const isUnreachable = isRemote && isLoopbackHost(new URL(report.publicUrl).hostname)
  if (!isUnreachable) yield await checkReach(report)
  return true
}

function toFailedCheck(access: TrackerAccess, error: unknown): Check {
  const status = error instanceof TrackerApiError ? error.status : undefined
  if (status === 404 || (status !== undefined && status < 300)) return notATracker(access)
  const explained = toCommandError(access, error)
  if (!(explained instanceof CommandError)) throw error
  return fail('service', explained.message, remedyFor(status))
}

function remedyFor(status: number | undefined): string {
  if (status === undefined)
    return 'Start the service, or set TRACKER_URL to its address. The other checks were skipped.'
  if (status === 401 || status === 403)
    return 'Set TRACKER_ADMIN_KEY to one of the admin keys of the service.'
  return "Check the service's log."
}

function notATracker({ url }: TrackerAccess): Check {
  return fail(
    'service',
    `the server at ${url} is not an extension-tracker, or its version has no doctor`,
    'Check TRACKER_URL and the version of the service.',
  )
}

/** Checks from this machine that PUBLIC_URL leads to the process that responded to `/doctor`. */
async function checkReach({ publicUrl, instanceId }: Diagnostics): Promise<Check> {
  const name = 'reach'
  try {
    const { statusCode, headers, body } = await request(`${publicUrl}/healthz`, {
      headersTimeout: REACH_TIMEOUT_MS,
      bodyTimeout: REACH_TIMEOUT_MS,
    })
    await body.dump()
    if (headers['x-instance-id'] === instanceId) return ok(name, `${publicUrl} leads to this service`)
    if (statusCode >= 300 && statusCode < 400)
      return fail(
        name,
        `${publicUrl} redirects to ${[headers['location']].flat()[0] ?? 'nowhere'}`,
        'Set PUBLIC_URL to the final address: ImageKit counts a redirect as a failed webhook.',
      )
    return fail(
      name,
      `another server responds at ${publicUrl} (${statusCode})`,
      'Make the proxy forward to this service, and check that no other server has the same address. If a load balancer ' +
        'distributes requests among several processes, another one of them may have responded: run doctor again.',
    )
  } catch (error) {
    return fail(
      name,
      `${publicUrl} is unreachable from here: ${errorMessage(error)}`,
      'Check DNS, firewall and proxy. If only the internal network has no access to it, run doctor outside, with TRACKER_URL.',
    )
  }
}
