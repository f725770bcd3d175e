import { type Check, fail, ok, warn } from './check.ts'
import { isLoopbackHost } from './loopback.ts'
import { isPrivateHost } from './public-address.ts'
import { formatBytes, formatSpan } from './quantity-text.ts'

const MIB = 1024 ** 2
const LITTLE_BYTES = 1024 * MIB
const TOO_LITTLE_BYTES = 100 * MIB

export function checkDisk(freeBytes: number, databaseBytes: number): Check {
  const told = `${formatBytes(freeBytes)} free; the database has ${formatBytes(databaseBytes)}`
  const remedy = 'Make room where the database is: when the disk is full every webhook is answered 503.'
  if (freeBytes < TOO_LITTLE_BYTES) return fail('disk', told, remedy)
  if (freeBytes < LITTLE_BYTES) return warn('disk', told, remedy)
  // A backup needs room for a copy.
  if (freeBytes < databaseBytes) return warn('disk', told, 'A backup needs room for a second one: make room.')
  return ok('disk', told)
}

/** A signature counts for five minutes: https://imagekit.io/docs/webhooks#verify-webhook-signature */
const WRONG_CLOCK_MS = 240_000
const INEXACT_CLOCK_MS = 30_000

/** How far a clock is from another; that of HTTP's `Date` has whole seconds. */
export function checkClock(name: string, skewMs: number, ofWhat: string): Check {
  const span = formatSpan(Math.abs(skewMs))
  if (Math.abs(skewMs) < INEXACT_CLOCK_MS)
    return ok(name, `within ${formatSpan(INEXACT_CLOCK_MS)} of ${ofWhat}`)
  const told = `${span} ${skewMs > 0 ? 'ahead of' : 'behind'} ${ofWhat}`
  const remedy = 'Have the clock set by NTP: a signature that is older than five minutes is refused.'
  return Math.abs(skewMs) < WRONG_CLOCK_MS ? warn(name, told, remedy) : fail(name, told, remedy)
}

/** What a cheap question to ImageKit gave. */
export type KeyTrial =
  | { kind: 'works'; afterMs: number }
  | { kind: 'refused'; status: number }
  | { kind: 'held_back'; ms: number }
  | { kind: 'failed'; reason: string }

export function checkImagekit(apiUrl: string, trial: KeyTrial): Check {
  switch (trial.kind) {
    case 'works':
      return ok('ImageKit', `${apiUrl} answers, and takes the key (${trial.afterMs} ms)`)
    case 'refused':
      return fail(
        'ImageKit',
        `${apiUrl} does not take the key (${trial.status})`,
        'Set IMAGEKIT_PRIVATE_KEY to the private key under "Developer options" of the dashboard, and start again.',
      )
    case 'held_back':
      return warn(
        'ImageKit',
        `${apiUrl} has had too many requests; it takes more in ${formatSpan(trial.ms)}`,
        'See what else uses this key. Uploads go on; reconciling and retries wait.',
      )
    case 'failed':
      return fail(
        'ImageKit',
        `${apiUrl} does not answer: ${trial.reason}`,
        'Let the service out to IMAGEKIT_API_URL and IMAGEKIT_UPLOAD_URL: see the firewall, the proxy, DNS.',
      )
  }
}

/** `rejections`: the calls that ImageKit answered with 401 or 403, and accepted none of since. */
export function checkKeyRejections(rejections: readonly { call: string; status: number }[]): Check[] {
  return rejections.map(({ call, status }) =>
    fail(
      'private key',
      `ImageKit answered ${status} to the last ${call}`,
      'Check IMAGEKIT_PRIVATE_KEY, and in the dashboard whether the key is restricted or expired and the account within its limits.',
    ),
  )
}

/** A real ImageKit reaches nothing on this machine. */
export function checkPublicUrl(publicUrl: string, apiUrl: string): Check {
  const { protocol, hostname } = new URL(publicUrl)
  const isSandbox = isLoopbackHost(new URL(apiUrl).hostname)
  if (isLoopbackHost(hostname) && !isSandbox)
    return fail(
      'PUBLIC_URL',
      `${publicUrl} is this machine's own: no webhook of ImageKit's can come`,
      'Set PUBLIC_URL to the https address at which the internet reaches this service.',
    )
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    return warn(
      'PUBLIC_URL',
      `${publicUrl} is http: tokens travel in the clear`,
      'Put a proxy with TLS in front, and set PUBLIC_URL to its https address.',
    )
  return ok('PUBLIC_URL', publicUrl)
}

export function checkKeys(keys: { api: number; admin: number; isLoopbackOnly: boolean }): Check {
  const told = `${keys.api} API key(s), ${keys.admin} admin key(s)`
  if (!keys.isLoopbackOnly) return ok('keys', told)
  return warn(
    'keys',
    `${told}: only this machine is answered`,
    'Set TRACKER_API_KEY, TRACKER_ADMIN_KEY and TRACKER_TOKEN_SECRET before others, or ImageKit, are to reach it.',
  )
}

/** `host`: of the address that is told; null where nobody is. What else the address holds may be secret. */
export function checkAlerts(host: string | null, allowsPrivateTargets: boolean): Check {
  if (host === null) return ok('alerts', 'nobody is told: ALERT_WEBHOOK_URL is not set')
  if (allowsPrivateTargets || !isPrivateHost(host)) return ok('alerts', `${host} is told`)
  return fail(
    'alerts',
    `${host} is a private address: no alert is sent there`,
    'Set ALLOW_PRIVATE_TARGETS=true if that is meant, else ALERT_WEBHOOK_URL to a public address, and start again.',
  )
}

/** `hosts`: those that nothing was sent to, because they are private addresses. */
export function checkRefusedTargets(hosts: readonly { host: string; count: number }[]): Check[] {
  return hosts.map(({ host, count }) =>
    warn(
      'notifications',
      `${count} not sent to ${host} in the last 24 h: it is a private address`,
      'Set ALLOW_PRIVATE_TARGETS=true if that is intended, else have the caller send a public webhookUrl.',
    ),
  )
}

/** `mode`: of the file that holds the secret; null where it comes from the environment. */
export function checkTokenSecret(mode: number | null): Check {
  if (mode === null) return ok('token secret', 'from the environment')
  const told = `kept beside the database, mode ${mode.toString(8).padStart(3, '0')}`
  if ((mode & 0o077) === 0) return ok('token secret', told)
  return fail(
    'token secret',
    `${told}: others can read it, and so forge webhooks`,
    'chmod 600 the file token-secret beside the database; remove it and start again if others may have read it.',
  )
}
