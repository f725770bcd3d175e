import { type Registered, register, type ServiceResponse, sendSuccess } from './disk/service-calls.ts'

const AT_ONCE = 16

/** Callers that register uploads, and an ImageKit that sends each webhook until it gets 200. */
export type WebhookLoad = {
  /** Registers uploads and sends their webhooks until `isDone`. Resolves when every webhook was acknowledged. */
  run(isDone: () => boolean): Promise<unknown>
  /** Begins no request until `resume`. */
  pause(): void
  resume(): void
  /** Resolves once no request is in progress; for use while paused. */
  idle(): Promise<void>
  /** The registered uploads whose webhook is not acknowledged yet. */
  due(): Registered[]
  /** The fileIds whose webhook got 200. */
  acknowledged(): readonly string[]
  /** How many times a webhook got 503. */
  rejected(): number
  /** How many registrations failed. */
  unregistered(): number
  /** Responses to webhooks that are neither 200 nor 503. */
  unexpected(): readonly ServiceResponse[]
}

export function createWebhookLoad(url: string): WebhookLoad {
  const acknowledged: string[] = []
  const unexpected: ServiceResponse[] = []
  const due = new Map<string, Registered>()
  const inProgress = new Set<Promise<unknown>>()
  let rejected = 0
  let unregistered = 0
  let gate: { opened: Promise<void>; open: () => void } | undefined

  /** Undefined if the call failed: the service rejected the registration, or was killed. */
  const attempt = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    await gate?.opened
    const called = call().catch(() => undefined)
    inProgress.add(called)
    const result = await called
    inProgress.delete(called)
    return result
  }
  const sendUntilAcknowledged = async (one: Registered) => {
    for (;;) {
      const response = await attempt(() => sendSuccess(one))
      if (response?.status === 200) return
      if (response?.status === 503) rejected += 1
      else if (response !== undefined) unexpected.push(response)
    }
  }
  const work = async (worker: number, isDone: () => boolean) => {
    for (let count = 0; !isDone(); count += 1) {
      const one = await attempt(() => register(url, `file-${worker}-${count}`))
      if (one === undefined) {
        unregistered += 1
        continue
      }
      due.set(one.fileId, one)
      await sendUntilAcknowledged(one)
      due.delete(one.fileId)
      acknowledged.push(one.fileId)
    }
  }
  return {
    run: (isDone) => Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker, isDone))),
    pause() {
      if (gate !== undefined) return
      let open = () => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      gate = { opened, open }
    },
    resume() {
      gate?.open()
      gate = undefined
    },
    async idle() {
      await Promise.all(inProgress)
    },
    due: () => [...due.values()],
    acknowledged: () => acknowledged,
    rejected: () => rejected,
    unregistered: () => unregistered,
    unexpected: () => unexpected,
  }
}

/** Lists the files that do not have the status `success`, although the webhook of each was acknowledged. */
export async function listUnsettled(url: string, fileIds: readonly string[]): Promise<string[]> {
  const unsettled: string[] = []
  for (let at = 0; at < fileIds.length; at += 100) {
    const batch = fileIds.slice(at, at + 100)
    const query = batch.map((fileId) => `fileId=${fileId}`).join('&')
    const response = await fetch(`${url}/assets/status?${query}`)
    const { assets } = (await response.json()) as { assets: { fileId: string; status: string }[] }
    const statuses = new Map(assets.map(({ fileId, status }) => [fileId, status]))
    unsettled.push(
      ...batch
        .filter((fileId) => statuses.get(fileId) !== 'success')
        .map((fileId) => `${fileId}: acknowledged, found ${statuses.get(fileId)}`),
    )
  }
  return unsettled
}
