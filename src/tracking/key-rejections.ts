/** The kind of request for which ImageKit rejected our private key. */
type ImagekitCall = 'upload' | 'update' | 'lookup'

type KeyRejection = { call: ImagekitCall; status: number }

export type KeyRejections = {
  /** Called with the status of each response of ImageKit. */
  note(call: ImagekitCall, status: number): void
  /** The rejections that no accepted request has followed. */
  list(): KeyRejection[]
}

const WARN_EVERY_MS = 60_000

/**
 * Remembers that ImageKit responded 401 or 403. An accepted upload clears all rejections, any other accepted call those of its
 * kind.
 */
export function createKeyRejections({
  clock,
  log,
}: {
  clock: () => number
  log: { warn(fields: object, text: string): void }
}): KeyRejections {
  const rejections = new Map<ImagekitCall, KeyRejection>()
  let warnedAt: number | undefined
  return {
    note(call, status) {
      if (status >= 200 && status < 300) {
        if (call === 'upload') rejections.clear()
        else rejections.delete(call)
      }
      if (status !== 401 && status !== 403) return
      rejections.set(call, { call, status })
      const now = clock()
      if (warnedAt !== undefined && now >= warnedAt && now - warnedAt < WARN_EVERY_MS) return
      warnedAt = now
      log.warn({ event: 'imagekit.key_rejected', call, status }, WARNING)
    },
    list: () => [...rejections.values()],
  }
}

const WARNING =
  'ImageKit rejected the private key: check IMAGEKIT_PRIVATE_KEY, and in the dashboard whether the key is restricted or expired ' +
  'and whether the account is active and within its limits'
