// Who takes webhooks, and what the 200 of each promises.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { indexOf, submissionIdOf } from '../load/deliveries.mjs'
import { launchPeer, launchTracker } from './launch.mjs'
import { copyTemplate } from './template.mjs'

/** Beside the bench's own submissions there may be millions of others. */
const MOST = 0xffff_ffff_ffff
const FOUND_BY_TRACKER = `
  SELECT DISTINCT submission_id FROM deliveries JOIN submissions ON submissions.seq = deliveries.submission_seq
    JOIN runs ON runs.submission_seq = submissions.seq AND runs.name = service AND runs.status = final_status
  WHERE outcome = 'applied' AND submission_id BETWEEN '${submissionIdOf(0)}' AND '${submissionIdOf(MOST)}'`
const FOUND_BY_ONE_COMMIT =
  'SELECT DISTINCT submission_id FROM deliveries JOIN runs USING (submission_id, service, status)'

export const TRACKER = {
  name: 'this service',
  promises: 'on disk',
  start(folder, { template, env }) {
    copyTemplate(template, join(folder, 'tracker.db'))
    return launchTracker(folder, env)
  },
  findStored: (folder) => findIds(join(folder, 'tracker.db'), FOUND_BY_TRACKER),
}

export const BARE = storesNothing('node:http, storing nothing (the ceiling)', 'bare-ingest')
export const HONO = storesNothing('Hono, storing nothing', 'hono-ingest')
export const EXPRESS = commitsOne('Express, one transaction a request', 'express-ingest')
export const FASTIFY = commitsOne('Fastify, one transaction a request', 'fastify-ingest')
export const ONE_COMMIT = commitsOne('node:http, one transaction a request', 'commit-ingest')

function storesNothing(name, program) {
  return { name, promises: 'nothing', start: (folder, { env }) => launchPeer(program, folder, env) }
}

function commitsOne(name, program) {
  return {
    name,
    promises: 'on disk',
    start: (folder, { env }) => launchPeer(program, folder, env),
    findStored: (folder) => findIds(join(folder, 'peer.db'), FOUND_BY_ONE_COMMIT),
  }
}

/** The numbers of the deliveries that are in a database together with their effect. */
function findIds(path, sql) {
  const connection = new Database(path)
  const ids = connection.prepare(sql).pluck().all()
  connection.close()
  return new Set(ids.map(indexOf))
}
