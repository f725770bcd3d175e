import { type Answer, register, type Told, tellSuccess } from './disk/service-calls.ts'

const AT_ONCE = 16

/** Callers who register uploads, and an ImageKit that sends each webhook until it is answered 200. */
export type WebhookLoad = {
  /** Goes on until `isOver`; resolves when every webhook was acknowledged. */
  run(isOver: () => boolean): Promise<unknown>
  /** Nothing is sent until `resume`. */
  pause(): void
  resume(): void
  /** Resolves once nothing is under way; for when it is paused. */
  idle(): Promise<void>
  /** What was registered, and its webhook not acknowledged yet. */
  due(): Told[]
  /** The fileIds whose webhook was answered 200. */
  acknowledged(): readonly string[]
  /** How many webhooks were answered 503. */
  refused(): number
  /** How many uploads could not be registered. */
  unregistered(): number
  /** Answers that are neither. */
  unexpected(): readonly Answer[]
}

export function createWebhookLoad(url: string): WebhookLoad {
  const acknowledged: string[] = []
  const unexpected: Answer[] = []
  const due = new Map<string, Told>()
  const underWay = new Set<Promise<unknown>>()
  let refused = 0
  let unregistered = 0
  let gate: { opened: Promise<void>; open: () => void } | undefined

  /** Undefined where the service refused to register, or died. */
  const attempt = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    await gate?.opened
    const called = call().catch(() => undefined)
    underWay.add(called)
    const result = await called
    underWay.delete(called)
    return result
  }
  const sendUntilAcknowledged = async (one: Told) => {
    for (;;) {
      const answer = await attempt(() => tellSuccess(one))
      if (answer?.status === 200) return
      if (answer?.status === 503) refused += 1
      else if (answer !== undefined) unexpected.push(answer)
    }
  }
  const work = async (name: number, isOver: () => boolean) => {
    for (let count = 0; !isOver(); count += 1) {
      const one = await attempt(() => register(url, `file-${name}-${count}`))
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
    run: (isOver) => Promise.all(Array.from({ length: AT_ONCE }, (_, name) => work(name, isOver))),
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
      await Promise.all(underWay)
    },
    due: () => [...due.values()],
    acknowledged: () => acknowledged,
    refused: () => refused,
    unregistered: () => unregistered,
    unexpected: () => unexpected,
  }
}

/** Which of these have not the status of their acknowledged webhook. */
export async function listUnsettled(url: string, fileIds: readonly string[]): Promise<string[]> {
  const unsettled: string[] = []
  for (let at = 0; at < fileIds.length; at += 100) {
    const asked = fileIds.slice(at, at + 100)
    const query = asked.map((fileId) => `fileId=${fileId}`).join('&')
    const answer = await fetch(`${url}/assets/status?${query}`)
    const { assets } = (await answer.json()) as { assets: { fileId: string; status: string }[] }
    const statuses = new Map(assets.map(({ fileId, status }) => [fileId, status]))
    unsettled.push(
      ...asked
        .filter((fileId) => statuses.get(fileId) !== 'success')
        .map((fileId) => `${fileId}: acknowledged, found ${statuses.get(fileId)}`),
    )
  }
  return unsettled
}
