// One server takes deliveries for a while; afterwards each one that was sent is looked up in its own database.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { generateLoad } from './load/generate-load.mjs'
import { letArrive } from './load/let-arrive.mjs'

/**
 * Resolves with what the load generator saw, and how many acknowledged deliveries are `missing`; that is null for a server
 * that stores nothing. The server is warm when the measurement begins.
 */
export async function runIngest({ folder, seconds, warmUpSeconds }, server, requests, connections, env = {}) {
  const own = mkdtempSync(join(folder, 'ingest-'))
  try {
    const running = await server.start(own, { template: requests.template, env })
    let warmUp
    let measured
    try {
      warmUp = await generateLoad(running.url, requests, { connections, seconds: warmUpSeconds })
      measured = await generateLoad(running.url, requests, { connections, seconds, first: warmUp.sent })
      if (server.findStored !== undefined) await letArrive(running.url)
    } finally {
      await running.stop()
    }
    return { ...measured, missing: countMissing(server, own, requests, [warmUp, measured]) }
  } finally {
    rmSync(own, { recursive: true })
  }
}

/**
 * Every delivery that was sent has to be found, one that was under way when the generator stopped included: it has reached the
 * server. Only what was refused need not be there.
 */
export function countMissing(server, folder, requests, loads, first = 0) {
  if (server.findStored === undefined) return null
  const sum = (name) => loads.reduce((total, load) => total + load[name], 0)
  const sent = sum('sent')
  if (sent > requests.count) throw new Error(`${requests.count} prepared deliveries were too few`)
  const stored = server.findStored(folder)
  let missing = 0
  for (let index = first; index < first + sent; index += 1) if (!stored.has(index)) missing += 1
  return Math.max(missing - sum('refused') - sum('broken'), sum('acknowledged') - (sent - missing), 0)
}
