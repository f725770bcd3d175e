import {
  type DatabaseAddress,
  DEFAULT_CONNECTIONS,
  MIN_CONNECTIONS,
  POSTGRES_URL_FORM,
  parseDatabaseAddress,
} from '../domain/database-address.ts'
import type { Variables } from './variables.ts'

const MAX_CONNECTIONS = 1_000

/** The addresses of `migrate --from --to`: the database to copy, and the one to copy it into, empty at first. */
export type CopyAddresses = {
  from: DatabaseAddress & { kind: 'sqlite' }
  to: DatabaseAddress & { kind: 'postgres' }
}

export function parseDatabase(variables: Variables): DatabaseAddress {
  const database = parseDatabaseAddress(variables.text('DATABASE_URL') ?? 'file:./data/tracker.db')
  if (database.kind === 'invalid') {
    variables.addProblem('DATABASE_URL', database.problem)
    // Never opened: the configuration is rejected.
    return { kind: 'sqlite', path: '' }
  }
  if (database.kind === 'sqlite') {
    for (const name of ['DATABASE_LISTEN_URL', 'DATABASE_CONNECTIONS'] as const)
      if (variables.text(name) !== undefined) variables.addProblem(name, 'is only for PostgreSQL; unset it')
    return database
  }
  const connections = variables.integer(
    'DATABASE_CONNECTIONS',
    DEFAULT_CONNECTIONS,
    MIN_CONNECTIONS,
    MAX_CONNECTIONS,
  )
  const listenAddress = parseDatabaseAddress(variables.text('DATABASE_LISTEN_URL') ?? database.url)
  if (listenAddress.kind === 'postgres') return { ...database, listenUrl: listenAddress.url, connections }
  variables.addProblem('DATABASE_LISTEN_URL', POSTGRES_URL_FORM)
  return database
}

/** Parses the addresses of a copy. A problem names the option and never quotes its value, which may contain a password. */
export function parseCopyAddresses(
  from: string,
  to: string,
): CopyAddresses | { option: keyof CopyAddresses; problem: string } {
  const [source, target] = [parseDatabaseAddress(from), parseDatabaseAddress(to)]
  if (source.kind !== 'sqlite') return { option: 'from', problem: 'must be file:PATH' }
  if (target.kind === 'postgres') return { from: source, to: target }
  return { option: 'to', problem: target.kind === 'invalid' ? target.problem : 'must be postgres://…' }
}
