import { type DatabaseAddress, POSTGRES_URL_FORM, parseDatabaseAddress } from '../domain/database-address.ts'
import type { Variables } from './variables.ts'

/** From where to where a database is copied. */
export type Move = { from: DatabaseAddress & { kind: 'sqlite' }; to: DatabaseAddress & { kind: 'postgres' } }

export function parseDatabase(variables: Variables): DatabaseAddress {
  const database = parseDatabaseAddress(variables.text('DATABASE_URL') ?? 'file:./data/tracker.db')
  if (database.kind === 'invalid') {
    variables.problem('DATABASE_URL', database.problem)
    return { kind: 'sqlite', path: '' }
  }
  const listenText = variables.text('DATABASE_LISTEN_URL')
  if (listenText === undefined) return database
  const listening = parseDatabaseAddress(listenText)
  if (database.kind === 'postgres' && listening.kind === 'postgres')
    return { ...database, listenUrl: listening.url }
  const problem = database.kind === 'sqlite' ? 'is only for PostgreSQL; unset it' : POSTGRES_URL_FORM
  variables.problem('DATABASE_LISTEN_URL', problem)
  return database
}

/** Reads the addresses of a copy. A problem names the option, and never quotes its text, which may contain a password. */
export function parseMove(from: string, to: string): Move | { option: keyof Move; problem: string } {
  const [source, target] = [parseDatabaseAddress(from), parseDatabaseAddress(to)]
  if (source.kind !== 'sqlite') return { option: 'from', problem: 'should be file:PATH' }
  if (target.kind === 'postgres') return { from: source, to: target }
  return { option: 'to', problem: target.kind === 'invalid' ? target.problem : 'should be postgres://…' }
}
