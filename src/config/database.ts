import { type DatabaseAddress, POSTGRES_URL_FORM, parseDatabaseAddress } from '../domain/database-address.ts'
import type { Variables } from './variables.ts'

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
