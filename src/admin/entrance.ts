import type { BlockList } from 'node:net'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { AppContext } from '../http/app-env.ts'
import { clientAddress } from '../http/client-address.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import type { EndedSessions } from '../tracking/operators/ended-sessions.ts'
import type { Sessions } from '../tracking/operators/sessions.ts'
import { createSessions } from '../tracking/operators/sessions.ts'
import { createSignInAttempts, type SignInAttempts } from '../tracking/operators/sign-in-attempts.ts'
import { createOperatorDoor, type OperatorDoor } from './operator-door.ts'

type NamedSecret = { name: string; secret: string }

export type EntranceDeps = {
  config: {
    apiKeys: readonly NamedSecret[]
    adminKeys: readonly NamedSecret[]
    /** Whose `X-Forwarded-For` is believed. */
    trustedProxies: BlockList
  }
  tokens: Pick<CapabilityTokens, 'session'>
  endedSessions: EndedSessions
  clock: () => number
  publicUrl: () => string
}

/** What the sign-in needs. */
export type Entrance = {
  sessions: Sessions
  door: OperatorDoor
  attempts: SignInAttempts
  hasAdminKey: boolean
  /** The browser would not keep the cookie: it goes over https only, and the service is known under http. */
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

export function createEntrance(deps: EntranceDeps): Entrance {
  const { config, tokens, endedSessions, clock, publicUrl } = deps
  const { apiKeys, adminKeys, trustedProxies } = config
  const isKeyless = apiKeys.length === 0 && adminKeys.length === 0
  const keys = isKeyless ? 'none needed' : adminKeys
  const sessions = createSessions({ keys, capability: tokens.session, clock, endedSessions })
  const isHttps = () => publicUrl().startsWith('https:')
  const isSecure = () => isHttps() || !isLoopbackHost(new URL(publicUrl()).hostname)
  return {
    sessions,
    door: createOperatorDoor({ sessions, isSecure }),
    attempts: createSignInAttempts({ clock }),
    hasAdminKey: adminKeys.length > 0,
    needsHttps: () => isSecure() && !isHttps(),
    addressOf: (c) => clientAddress(c, trustedProxies),
  }
}
