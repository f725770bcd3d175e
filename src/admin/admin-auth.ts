import { isLoopbackHost, type Network } from '../domain/host-address.ts'
import { type AppContext, clientAddress } from '../http/request.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import type { EndedSessions } from '../tracking/operators/ended-sessions.ts'
import { createSessions, type Sessions } from '../tracking/operators/sessions.ts'
import { createSignInLimit, type SignInLimit, type SignInStore } from '../tracking/operators/sign-in-limit.ts'
import { createOperatorSession, type OperatorSession } from './operator-session.ts'

type NamedSecret = { name: string; secret: string }

export type AdminAuthDeps = {
  config: {
    apiKeys: readonly NamedSecret[]
    adminKeys: readonly NamedSecret[]
    /** The proxies whose `X-Forwarded-For` is trusted. */
    trustedProxies: readonly Network[]
  }
  tokens: Pick<CapabilityTokens, 'session' | 'signIn'>
  store: SignInStore
  endedSessions: EndedSessions
  clock: () => number
  publicUrl: () => string
}

/** Authenticates the operators of the pages. */
export type AdminAuth = {
  sessions: Sessions
  operatorSession: OperatorSession
  signInLimit: SignInLimit
  /** If false although keys are required, nobody can sign in. */
  hasAdminKey: boolean
  /** True if browsers would discard the session cookie: it is `Secure`, but the public URL uses http. */
  needsHttps: () => boolean
  /** The IP address of the client. Failed sign-in attempts are counted by it (IPv6: by its network), and by key. */
  addressOf: (c: AppContext) => string
}

export function createAdminAuth(deps: AdminAuthDeps): AdminAuth {
  const { config, store, tokens, endedSessions, clock, publicUrl } = deps
  const { apiKeys, adminKeys, trustedProxies } = config
  const isKeyless = apiKeys.length === 0 && adminKeys.length === 0
  const keys = isKeyless ? 'none needed' : adminKeys
  const sessions = createSessions({ keys, capability: tokens.session, clock, endedSessions })
  const isHttps = () => publicUrl().startsWith('https:')
  const isSecure = () => isHttps() || !isLoopbackHost(new URL(publicUrl()).hostname)
  return {
    sessions,
    operatorSession: createOperatorSession({ sessions, isSecure }),
    signInLimit: createSignInLimit({ store, hash: tokens.signIn, clock }),
    hasAdminKey: adminKeys.length > 0,
    needsHttps: () => isSecure() && !isHttps(),
    addressOf: (c) => clientAddress(c, trustedProxies),
  }
}
