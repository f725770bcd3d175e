import type { BlockList } from 'node:net'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { AppContext } from '../http/app-env.ts'
import { clientAddress } from '../http/client-address.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import type { EndedSessions } from '../tracking/operators/ended-sessions.ts'
import type { Sessions } from '../tracking/operators/sessions.ts'
import { createSessions } from '../tracking/operators/sessions.ts'
import { createSignInLimit, type SignInLimit } from '../tracking/operators/sign-in-limit.ts'
import { createOperatorDoor, type OperatorDoor } from './operator-door.ts'

type NamedSecret = { name: string; secret: string }

export type EntranceDeps = {
  config: {
    apiKeys: readonly NamedSecret[]
    adminKeys: readonly NamedSecret[]
    /** Whose `X-Forwarded-For` is believed. */
    trustedProxies: BlockList
  }
  tokens: Pick<CapabilityTokens, 'session' | 'signIn'>
  store: Parameters<typeof createSignInLimit>[0]['store']
  endedSessions: EndedSessions
  clock: () => number
  publicUrl: () => string
}

/** What the sign-in needs. */
export type Entrance = {
  sessions: Sessions
  door: OperatorDoor
  signInLimit: SignInLimit
  hasAdminKey: boolean
  /** The browser would not keep the cookie: it goes over https only, and the service is known under http. */
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

export function createEntrance(deps: EntranceDeps): Entrance {
  const { config, store, tokens, endedSessions, clock, publicUrl } = deps
  const { apiKeys, adminKeys, trustedProxies } = config
  const isKeyless = apiKeys.length === 0 && adminKeys.length === 0
  const keys = isKeyless ? 'none needed' : adminKeys
  const sessions = createSessions({ keys, capability: tokens.session, clock, endedSessions })
  const isHttps = () => publicUrl().startsWith('https:')
  const isSecure = () => isHttps() || !isLoopbackHost(new URL(publicUrl()).hostname)
  return {
    sessions,
    door: createOperatorDoor({ sessions, isSecure }),
    signInLimit: createSignInLimit({ store, hash: tokens.signIn, clock }),
    hasAdminKey: adminKeys.length > 0,
    needsHttps: () => isSecure() && !isHttps(),
    addressOf: (c) => clientAddress(c, trustedProxies),
  }
}
