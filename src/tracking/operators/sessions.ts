import { createHash, randomBytes } from 'node:crypto'
import type { Capability } from '../capability-tokens.ts'
import type { EndedSessions } from './ended-sessions.ts'

/** A signed-in operator. `proof` is the signed session that the browser stores. */
export type Session = { sessionId: string; keyName: string; proof: string; endsAt: number }

export type Sessions = {
  /** False if no key is configured: then any user of this machine can have a session. */
  needsSignIn: boolean
  /** Opens a session for the key with this name; it expires after `SESSION_MS`. */
  open(keyName: string): Session
  /** Call it before `find`: sessions that other processes have ended count here too. Rejects with the store's error. */
  refresh(): Promise<void>
  /** Undefined if the session is forged, expired or ended, or if its key was removed or changed. */
  find(proof: string): Session | undefined
  /**
   * Signs out: the session is invalid from here on (in other processes within a second), including copies of its cookie. Rejects if
   * its end could not be stored.
   */
  end(session: Session): Promise<void>
  /** The CSRF token that each form of a session includes. */
  csrfToken(session: Session): string
  isCsrfToken(session: Session, token: string): boolean
}

export const SESSION_MS = 12 * 3_600_000

/** The key of anonymous users, if no key is required: see `Access`. */
const NO_KEY = { name: 'local', secret: '' }

/**
 * A session contains its key's name and its expiry, so it need not be stored; only sessions that were signed out are. It is signed
 * together with a digest of the key's secret, so it ends when the secret changes. `keys` give access to the operators' pages. If
 * none is required, a session only protects the forms.
 */
export function createSessions(deps: {
  keys: readonly { name: string; secret: string }[] | 'none needed'
  capability: Capability
  clock: () => number
  endedSessions: EndedSessions
}): Sessions {
  const { capability, clock, endedSessions } = deps
  const keys = deps.keys === 'none needed' ? [NO_KEY] : deps.keys
  const digests = new Map(keys.map(({ name, secret }) => [name, digestOf(secret)]))

  return {
    needsSignIn: deps.keys !== 'none needed',

    open(keyName) {
      const digest = digests.get(keyName)
      if (digest === undefined) throw new Error(`there is no key ${keyName} to open a session with`)
      const endsAt = clock() + SESSION_MS
      const sessionId = randomBytes(16).toString('base64url')
      const content = `${endsAt}.${sessionId}.${keyName}`
      return {
        sessionId,
        keyName,
        endsAt,
        proof: `${capability.sign(subjectOf(content, digest))}.${content}`,
      }
    },

    refresh: () => endedSessions.refresh(),

    find(proof) {
      const [, mac, content, endsAt, sessionId, keyName] = PROOF.exec(proof) ?? []
      if (mac === undefined || content === undefined || sessionId === undefined || keyName === undefined)
        return undefined
      const digest = digests.get(keyName)
      if (digest === undefined || !capability.verify(subjectOf(content, digest), mac)) return undefined
      if (clock() >= Number(endsAt) || endedSessions.has(sessionId)) return undefined
      return { sessionId, keyName, proof, endsAt: Number(endsAt) }
    },

    end: ({ sessionId, endsAt }) => endedSessions.add({ sessionId, endsAt }),

    csrfToken: ({ proof }) => capability.sign(`form ${proof}`),
    isCsrfToken: ({ proof }, token) => capability.verify(`form ${proof}`, token),
  }
}

/** The name comes last because it may contain dots. */
const PROOF = /^([\w-]{43})\.((\d{1,16})\.([\w-]{22})\.([\w.-]{1,64}))$/

function subjectOf(content: string, digest: string): string {
  return `session ${content} ${digest}`
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
