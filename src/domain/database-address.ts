/** The location of the database. */
export type DatabaseAddress =
  | { kind: 'sqlite'; path: string }
  | {
      kind: 'postgres'
      /** Contains the password. */
      url: string
      /** Where to LISTEN, and to drop old partitions: `url` itself, unless that goes through a pooler. Contains the password. */
      listenUrl: string
      /** The maximum number of connections of each process, apart from a short-lived one that drops old partitions. */
      connections: number
    }

type InvalidAddress = { kind: 'invalid'; problem: string }

/** One that listens, one that notifies other processes, one for rejected deliveries, and four each for transactions and for reads. */
export const DEFAULT_CONNECTIONS = 11

/** One that listens, one that notifies other processes, one for rejected deliveries, and one each for transactions and for reads. */
export const MIN_CONNECTIONS = 5

export const POSTGRES_URL_FORM =
  'must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password percent-encoded'

/** Parses `file:PATH` or `postgres://…`. A problem never quotes the text, because that may contain a password. */
export function parseDatabaseAddress(text: string): DatabaseAddress | InvalidAddress {
  if (/^postgres(ql)?:/.test(text))
    return isPostgresUrl(text)
      ? { kind: 'postgres', url: text, listenUrl: text, connections: DEFAULT_CONNECTIONS }
      : invalid(POSTGRES_URL_FORM)
  const path = text.startsWith('file:') ? text.slice('file:'.length).replace(/^\/\/(?=\/)/, '') : ''
  if (path.trim() === ':memory:')
    return invalid('is file::memory:, which loses every webhook at a restart; use file:PATH')
  if (path === '' || path.includes('?')) return invalid('must be file:PATH or postgres://…')
  return { kind: 'sqlite', path }
}

/** For logs and messages: the path, or the URL without its password and its parameters. */
export function describeDatabaseAddress(address: DatabaseAddress): string {
  if (address.kind === 'sqlite') return address.path
  const { protocol, username, host, pathname } = new URL(address.url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

function invalid(problem: string): InvalidAddress {
  return { kind: 'invalid', problem }
}

/**
 * Whether the text is a complete URL. Also false for most passwords with an unencoded `#`, `/` or `%`, which would be cut off or
 * decoded to another password.
 */
function isPostgresUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password, pathname, hash } = new URL(text)
  return pathname.length > 1 && hash === '' && [username, password, pathname].every(isDecodable)
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
