import type { DatabaseFault } from '../../../domain/database-fault.ts'
import { isLoopbackHost, isPrivateHost } from '../../../domain/host-address.ts'
import { formatBytes, formatDuration } from '../../../domain/quantities.ts'
import { type Check, fail, ok, warn } from './check.ts'

const MIB = 1024 ** 2
const WARN_BELOW_BYTES = 1024 * MIB
const FAIL_BELOW_BYTES = 100 * MIB

export function checkDisk(freeBytes: number, databaseBytes: number): Check {
  const message = `${formatBytes(freeBytes)} free; the database takes ${formatBytes(databaseBytes)}`
  const remedy = 'Free disk space where the database is: once the disk is full, every webhook gets 503.'
  if (freeBytes < FAIL_BELOW_BYTES) return fail('disk', message, remedy)
  if (freeBytes < WARN_BELOW_BYTES) return warn('disk', message, remedy)
  if (freeBytes < databaseBytes)
    return warn('disk', message, 'Free disk space: a backup needs room for a copy of the database.')
  return ok('disk', message)
}

/** A signature is valid for five minutes; the check fails a minute earlier. https://imagekit.io/docs/webhooks#verify-webhook-signature */
const FAIL_SKEW_MS = 240_000
const WARN_SKEW_MS = 30_000

/** Compares two clocks. A difference of seconds is normal: HTTP's `Date` has only whole seconds, and responses take time. */
export function checkClock(name: string, skewMs: number, reference: string): Check {
  const span = formatDuration(Math.abs(skewMs))
  if (Math.abs(skewMs) < WARN_SKEW_MS)
    return ok(name, `within ${formatDuration(WARN_SKEW_MS)} of ${reference}`)
  const message = `${span} ${skewMs > 0 ? 'ahead of' : 'behind'} ${reference}`
  const remedy = 'Synchronize the clock with NTP: a signature older than five minutes is rejected.'
  return Math.abs(skewMs) < FAIL_SKEW_MS ? warn(name, message, remedy) : fail(name, message, remedy)
}

/** The result of a cheap request to ImageKit. */
export type PrivateKeyProbe =
  | { kind: 'works'; afterMs: number }
  | { kind: 'rejected'; status: number }
  | { kind: 'rate_limited'; ms: number }
  | { kind: 'failed'; reason: string }

export function checkImagekit(apiUrl: string, probe: PrivateKeyProbe): Check {
  switch (probe.kind) {
    case 'works':
      return ok('ImageKit', `${apiUrl} responds and accepts the key (${probe.afterMs} ms)`)
    case 'rejected':
      return fail(
        'ImageKit',
        `${apiUrl} rejects the key (${probe.status})`,
        'Set IMAGEKIT_PRIVATE_KEY to the private key under "Developer options" in the dashboard, then restart.',
      )
    case 'rate_limited':
      return warn(
        'ImageKit',
        `${apiUrl} limits the rate of requests; it accepts more in ${formatDuration(probe.ms)}`,
        'Check what else uses this key. Uploads continue; reconciliation and retries wait.',
      )
    case 'failed':
      return fail(
        'ImageKit',
        `the request to ${apiUrl} failed: ${probe.reason}`,
        'Allow connections to IMAGEKIT_API_URL and IMAGEKIT_UPLOAD_URL: check the firewall, proxy and DNS. If it is a local ImageKit, start it.',
      )
  }
}

/** `rejections`: the kinds of calls to which ImageKit responded with 401 or 403, and none of which it has accepted since. */
export function checkKeyRejections(rejections: readonly { call: string; status: number }[]): Check[] {
  return rejections.map(({ call, status }) =>
    fail(
      'private key',
      `ImageKit responded with ${status} to an earlier ${call}, and has accepted none since`,
      'Check IMAGEKIT_PRIVATE_KEY. In the dashboard, check whether the key is restricted or has expired, and whether the ' +
        'account has exceeded its limits.',
    ),
  )
}

/** The real ImageKit can't reach a loopback address. */
export function checkPublicUrl(publicUrl: string, apiUrl: string): Check {
  const { protocol, hostname } = new URL(publicUrl)
  const isSandbox = isLoopbackHost(new URL(apiUrl).hostname)
  if (isLoopbackHost(hostname) && !isSandbox)
    return fail(
      'PUBLIC_URL',
      `${publicUrl} is a loopback address: ImageKit can't deliver webhooks to it`,
      'Set PUBLIC_URL to the https URL at which this service is reachable from the internet.',
    )
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    return warn(
      'PUBLIC_URL',
      `${publicUrl} is http: tokens are sent unencrypted`,
      'Put a proxy with TLS in front, and set PUBLIC_URL to its https URL.',
    )
  return ok('PUBLIC_URL', publicUrl)
}

export function checkKeys(keys: { api: number; admin: number; isLoopbackOnly: boolean }): Check {
  const message = `${keys.api} API key(s), ${keys.admin} admin key(s)`
  if (!keys.isLoopbackOnly) return ok('keys', message)
  return warn(
    'keys',
    `${message}: only local requests are accepted`,
    'Before other machines or ImageKit connect, set TRACKER_API_KEY, TRACKER_ADMIN_KEY and TRACKER_TOKEN_SECRET.',
  )
}

/** `host` is that of ALERT_WEBHOOK_URL, whose other parts may be secret; null if it is not set. */
export function checkAlerts(host: string | null, allowsPrivateTargets: boolean): Check {
  if (host === null) return ok('alerts', 'no alerts are sent: ALERT_WEBHOOK_URL is not set')
  if (allowsPrivateTargets || !isPrivateHost(host)) return ok('alerts', `alerts are sent to ${host}`)
  return fail(
    'alerts',
    `${host} is a private address: no alerts are sent to it`,
    'Set ALLOW_PRIVATE_TARGETS=true if that is intended, else set ALERT_WEBHOOK_URL to a public address; then restart.',
  )
}

/** `hosts`: those that got no notifications, because they are private addresses; see `RejectedTargets`. */
export function checkRejectedTargets(hosts: readonly { host: string; count: number }[]): Check[] {
  return hosts.map(({ host, count }) =>
    warn(
      'notifications',
      `${count} not sent to ${host} (the latest within 24 h): it is, or resolves to, a private address`,
      'Set ALLOW_PRIVATE_TARGETS=true if that is intended, else use a public webhookUrl in the caller.',
    ),
  )
}

/** `mode` is that of the file with the secret; null if the secret comes from the environment. */
export function checkTokenSecret(mode: number | null): Check {
  if (mode === null) return ok('token secret', 'from the environment')
  const message = `stored beside the database, mode ${mode.toString(8).padStart(3, '0')}`
  if ((mode & 0o077) === 0) return ok('token secret', message)
  return fail(
    'token secret',
    `${message}: other users have access to it, and could forge webhooks`,
    'Run chmod 600 on the file token-secret beside the database. If others may have read it, delete it and restart: earlier ' +
      'webhook and status URLs then stop working.',
  )
}

const RESTORE =
  'restore a backup (remove the -wal and -shm files of the database, and put the backup in its place), and start the service.'

const PUT_BACK_OR_RESTORE =
  ', together with its -wal file; the service then continues by itself. If the database was deleted, run ' +
  '`extension-tracker backup FILE` while the service runs. Then stop the service, remove the -wal and -shm files of the database, ' +
  'put FILE in place of the database, and start the service.'

/** What to do about a fault of the database. */
export function remedyOf(fault: DatabaseFault): string {
  switch (fault) {
    case 'missing':
      return `Put the file back${PUT_BACK_OR_RESTORE}`
    case 'replaced':
      return `Put the original file back${PUT_BACK_OR_RESTORE}`
    case 'truncated':
      return `Stop the service, ${RESTORE}`
    case 'log_missing':
      return 'Stop the service with SIGTERM, not with SIGKILL: it then copies the write-ahead log (-wal) into the database. Start it again.'
    case 'log_truncated':
      return (
        'Stop the service with SIGKILL, not with SIGTERM, which would copy the rest of the write-ahead log (-wal) into the ' +
        `database. Then ${RESTORE}`
      )
    case 'unverifiable':
      return "Let the service's user read the folder of the database. The log output of the service contains the error."
    case 'taken_over':
      return 'Stop one of the two processes that use the same database, and restart the other.'
  }
}
