// A well-known load generator sends what was prepared, on a core of its own.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { has, onCore } from '../machine.mjs'

const HAS_WRK = has('wrk')
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))
const AUTOCANNON = fileURLToPath(new URL('autocannon.mjs', import.meta.url))
const run = promisify(execFile)

export function describeGenerator() {
  return HAS_WRK ? 'wrk, one thread' : 'autocannon (wrk is not installed)'
}

/**
 * Sends `requests` from number `first` on, for so many whole seconds; begins again where they end. Resolves with counts,
 * the rate of answers that are no refusals, and latencies in microseconds.
 */
export async function generateLoad(url, requests, { connections, seconds, first = 0 }) {
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '60s', '-s', SCRIPT, url]
  const autocannon = [process.execPath, AUTOCANNON, url, String(connections), String(seconds)]
  const [program, ...args] = onCore(1, HAS_WRK ? wrk : autocannon)
  const env = {
    ...process.env,
    REQUESTS: requests.path,
    REQUEST_BYTES: String(requests.bytes),
    FIRST_REQUEST: String(first),
  }
  const { stdout } = await run(program, args, { env })
  const [, json] = /RESULT (\{.*\})/.exec(stdout) ?? []
  if (json === undefined) throw new Error(`the load generator told nothing:\n${stdout}`)
  const told = JSON.parse(json)
  const acknowledged = told.answered - told.refused
  return { ...told, acknowledged, rate: acknowledged / told.seconds }
}
