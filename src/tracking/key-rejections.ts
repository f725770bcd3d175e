/** The kinds of requests to ImageKit. */
type ImagekitCall = 'upload' | 'update' | 'lookup'

/** What a response of ImageKit says about our private key. */
type KeyVerdict = 'accepted' | 'rejected' | 'unknown'

type KeyRejection = { call: ImagekitCall; status: number }

export type KeyRejections = {
  /** Called for each response to such a request, with its HTTP status. */
  note(call: ImagekitCall, response: { verdict: KeyVerdict; status: number }): void
  /** The latest rejection of each kind of request, unless an accepted request has cleared it since. */
  list(): KeyRejection[]
}

const WARN_EVERY_MS = 60_000

/**
 * Remembers that ImageKit rejected the key, and warns about it at most once a minute. An accepted upload clears all rejections, any
 * other accepted request only that of its kind.
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
    note(call, { verdict, status }) {
      if (verdict === 'accepted') {
        if (call === 'upload') rejections.clear()
        else rejections.delete(call)
      }
      if (verdict !== 'rejected') return
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
