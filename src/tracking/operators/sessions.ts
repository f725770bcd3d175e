import { createHash, randomBytes } from 'node:crypto'
import type { Capability } from '../capability-tokens.ts'
import type { EndedSessions } from './ended-sessions.ts'

/** Who is signed in. `proof` is the whole session as its holder keeps it. */
export type Session = { sessionId: string; keyName: string; proof: string; endsAt: number }

export type Sessions = {
  /** False where no key is configured: everybody on this machine may have a session. */
  needsSignIn: boolean
  /** A session of the key of this name, for `SESSION_MS`. */
  open(keyName: string): Session
  /** Call it before `find`: what other processes have ended counts here, too. Rejects as the store does. */
  refresh(): Promise<void>
  /** Undefined for one that is forged, over or ended, and for one whose key has been removed or changed. */
  find(proof: string): Session | undefined
  /** Signs out: nobody can use the session from here on, a copy of its cookie included. Rejects if that could not be stored. */
  end(session: Session): Promise<void>
  /** What each form of a session carries, so that no other site can send it. */
  formToken(session: Session): string
  isFormToken(session: Session, token: string): boolean
}

export const SESSION_MS = 12 * 3_600_000

/** The key of those who need none: see `Access`. */
const NO_KEY = { name: 'local', secret: '' }

/**
 * A session names its key and when it ends, and is signed together with a digest of that key's secret, so only those that were
 * signed out are stored. `keys` are those that open the operators' pages; where none is asked for, a session only guards the forms.
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
      const claim = `${endsAt}.${sessionId}.${keyName}`
      return { sessionId, keyName, endsAt, proof: `${capability.sign(subjectOf(claim, digest))}.${claim}` }
    },

    refresh: () => endedSessions.refresh(),

    find(proof) {
      const [, mac, claim, endsAt, sessionId, keyName] = PROOF.exec(proof) ?? []
      if (mac === undefined || claim === undefined || sessionId === undefined || keyName === undefined)
        return undefined
      const digest = digests.get(keyName)
      if (digest === undefined || !capability.verify(subjectOf(claim, digest), mac)) return undefined
      if (clock() >= Number(endsAt) || endedSessions.has(sessionId)) return undefined
      return { sessionId, keyName, proof, endsAt: Number(endsAt) }
    },

    end: ({ sessionId, endsAt }) => endedSessions.add({ sessionId, endsAt }),

    formToken: ({ proof }) => capability.sign(`form ${proof}`),
    isFormToken: ({ proof }, token) => capability.verify(`form ${proof}`, token),
  }
}

/** The name stands last: it may have dots. */
const PROOF = /^([\w-]{43})\.((\d{1,16})\.([\w-]{22})\.([\w.-]{1,64}))$/

function subjectOf(claim: string, digest: string): string {
  return `session ${claim} ${digest}`
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
