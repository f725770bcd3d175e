import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { seed } from '../seed.mjs'
import { makeCurrent } from '../servers/template.mjs'

/** A database with so many runs; one that is in the folder already is taken. */
export function takeSeeded({ folder, tell }, runCount, { name = `${runCount}.db`, ...shape } = {}) {
  const path = join(folder, name)
  if (!existsSync(path)) {
    tell(`making a database with ${runCount.toLocaleString('en')} runs`)
    seed(path, runCount, shape)
  }
  makeCurrent(path)
  return path
}

/** So many of its assets, spread over all of its age in no order. */
export function pickFileIds(path, count) {
  const connection = new Database(path, { readonly: true })
  const fileIds = connection
    .prepare('SELECT file_id FROM submissions ORDER BY random() LIMIT ?')
    .pluck()
    .all(count)
  connection.close()
  return fileIds.map(String)
}
