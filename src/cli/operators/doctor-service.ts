import { request } from 'undici'
import type { z } from 'zod'
import { diagnosticsSchema } from '../../contract/maintenance.ts'
import { errorMessage } from '../../domain/errors.ts'
import { isLoopbackHost } from '../../domain/host-address.ts'
import { type Check, fail, ok } from '../../tracking/operators/diagnostics/check.ts'
import { checkClock } from '../../tracking/operators/diagnostics/environment.ts'
import { CommandError } from '../command-error.ts'
import type { TrackerAccess } from '../tracker-access.ts'
import type { TrackerClient } from '../tracker-client.ts'
import type { TrackerResponse } from '../tracker-response.ts'

type Diagnostics = z.infer<typeof diagnosticsSchema>

const RESPONSE_TIMEOUT_MS = 60_000
const REACH_TIMEOUT_MS = 10_000

/** Yields the checks that the service runs itself, and those that this process runs. Returns whether the service reported its checks. */
export async function* checkService(
  access: TrackerAccess,
  client: TrackerClient,
): AsyncGenerator<Check, boolean> {
  let response: TrackerResponse
  try {
    response = await client.send({ method: 'GET', path: '/doctor' }, AbortSignal.timeout(RESPONSE_TIMEOUT_MS))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    yield fail(
      'service',
      error.message,
      'Start the service, or set TRACKER_URL to its address. The other checks were skipped.',
    )
    return false
  }
  const report = readDiagnostics(response)
  if (report === undefined) {
    yield toFailedCheck(access, client, response)
    return false
  }
  const { version, node, checks } = report
  yield ok('service', `extension-tracker ${version} on Node ${node} at ${access.url}`)
  const date = Date.parse(response.header('date') ?? '')
  if (!Number.isNaN(date)) yield checkClock('clock', Date.now() - date, "the service's")
  yield* checks
  const isRemote = !isLoopbackHost(new URL(access.url).hostname)
  // A loopback PUBLIC_URL of another machine can't be reached from here.
  const isUnreachable = isRemote && isLoopbackHost(new URL(report.publicUrl).hostname)
  if (!isUnreachable) yield await checkReach(report)
  return true
}

function readDiagnostics({ status, text }: TrackerResponse): Diagnostics | undefined {
  if (status !== 200) return undefined
  try {
    return diagnosticsSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function toFailedCheck(access: TrackerAccess, client: TrackerClient, response: TrackerResponse): Check {
  const { status } = response
  if (status === 401 || status === 403)
    return fail(
      'service',
      client.toError(response).message,
      'Set TRACKER_ADMIN_KEY to one of the admin keys of the service.',
    )
  if (status === 200 || status === 404)
    return fail(
      'service',
      `the server at ${access.url} is not an extension-tracker, or its version has no doctor`,
      'Check TRACKER_URL and the version of the service.',
    )
  return fail('service', client.toError(response).message, "Check the service's log.")
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
