import { expect, test } from 'vitest'
import { describeDatabaseAddress, parseDatabaseAddress } from '../../../src/domain/database-address.ts'

test.each([
  ['file:./data/tracker.db', './data/tracker.db'],
  ['file:/var/lib/tracker.db', '/var/lib/tracker.db'],
  ['file:///var/lib/tracker.db', '/var/lib/tracker.db'],
])('%s is a SQLite file', (text, path) => {
  expect(parseDatabaseAddress(text)).toEqual({ kind: 'sqlite', path })
})

test.each([
  'postgres://tracker:hush@db.example:5432/tracker',
  'postgresql://tracker@db.example/tracker?sslmode=verify-full',
  'postgres://tracker:h%23u%2Fsh@[::1]:5432/tracker',
])('%s is the address of a PostgreSQL database, and by default also the address for LISTEN', (text) => {
  expect(parseDatabaseAddress(text)).toMatchObject({ kind: 'postgres', url: text, listenUrl: text })
})

test.each([
  'postgres:tracker',
  'postgres://tracker:hush@db.example',
  'postgres://tracker:hush@db.example/',
  'postgres://tracker:hu#sh@db.example/tracker',
  'postgres://tracker:hu/sh@db.example/tracker',
  'postgres://tracker:hu%sh@db.example/tracker',
  'postgres://tracker:hush@db.example:port/tracker',
  'mysql://tracker:hush@db.example/tracker',
  'file:',
  'file::memory:',
  'file:./data/tracker.db?mode=ro',
])('%s is invalid, and the problem quotes neither its password nor its host', (text) => {
  const parsed = parseDatabaseAddress(text)
  if (parsed.kind !== 'invalid') throw new Error(`${text} was accepted`)
  expect(parsed.problem).not.toMatch(/hu.?sh|db\.example/)
})

test.each([
  ['file:./data/tracker.db', './data/tracker.db'],
  ['postgres://tracker:hush@db.example:5433/tracker', 'postgres://tracker@db.example:5433/tracker'],
  ['postgres://db.example/tracker?user=tracker&password=hush', 'postgres://db.example/tracker'],
  ['postgresql://:hush@db.example/tracker', 'postgresql://db.example/tracker'],
])('%s is described as %s', (text, description) => {
  const address = parseDatabaseAddress(text)
  if (address.kind === 'invalid') throw new Error(address.problem)
  expect(describeDatabaseAddress(address)).toBe(description)
})
