import { errors } from 'undici'

/** Why there was no response: codes for the log and operators, without an address or URL. */
export type ConnectionFailure =
  | 'timeout'
  | 'name_not_resolved'
  | 'connection_refused'
  | 'tls_failed'
  | 'connection_failed'
  | 'sender_closed'

export function describeFailure(error: unknown): ConnectionFailure {
  if (error instanceof errors.ConnectTimeoutError) return 'timeout'
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError)
    return 'sender_closed'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code === 'ECONNREFUSED') return 'connection_refused'
  if (/^(ENOTFOUND|ENODATA|EAI_)/.test(code)) return 'name_not_resolved'
  return /CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code) ? 'tls_failed' : 'connection_failed'
}
