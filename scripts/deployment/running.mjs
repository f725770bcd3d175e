import { setTimeout as pause } from 'node:timers/promises'

const HEALTHY_MS = 30_000

/** The drain of a stopping service takes up to 10 s; Docker and Kubernetes would kill it after 30. */
const STOP_MS = 15_000

/** Waits until a health check succeeds. */
export async function untilHealthy(container, healthcheck) {
  const giveUpAt = Date.now() + HEALTHY_MS
  while (container.exec(healthcheck) !== 0) {
    if (!container.isRunning() || Date.now() > giveUpAt)
      throw new Error(`not healthy:\n${container.output()}`)
    await pause(100)
  }
}

/** Sends SIGTERM. Throws unless the container then ends with 0 in time. */
export async function stopContainer(container) {
  container.kill('SIGTERM')
  const code = await Promise.race([container.exited, pause(STOP_MS, 'timeout', { ref: false })])
  if (code !== 0) throw new Error(`after SIGTERM: ${code}\n${container.output()}`)
}

/** Requests a URL until the response has this status. */
export async function untilStatus(url, status, options) {
  const giveUpAt = Date.now() + HEALTHY_MS
  for (;;) {
    const response = await fetch(url, options).catch((error) => ({ status: error.message }))
    if (response.status === status) return response
    if (Date.now() > giveUpAt) throw new Error(`${url}: ${response.status}, not ${status}`)
    await pause(100)
  }
}

/** Requests a URL. Throws unless the response has this status. Returns its JSON. */
export async function requestJson(url, status, options) {
  const response = await fetch(url, options)
  const text = await response.text()
  if (response.status !== status) throw new Error(`${url}: ${response.status}, not ${status}: ${text}`)
  return JSON.parse(text)
}

export function withKey(name) {
  return { authorization: `Bearer ${name.split(':')[1]}` }
}
