import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'
import { isJsonObject, isTooDeep, type Json, type JsonObject } from '../domain/json.ts'
import type { ReadBody } from './read-body.ts'

/** Parses a body. Throws `invalid_input` where it is not JSON. */
export function parseJson(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''))
  } catch (error) {
    // V8 quotes what stands around the fault, from the middle of a text with dots before it.
    const reason = error instanceof Error ? error.message.replace(/, (?:\.\.\.)?".*/s, '') : ''
    throw new TrackerError('invalid_input', `The body is not JSON (${reason.slice(0, 80)}).`)
  }
}

/** Throws `invalid_input` for what is no JSON object, or one nested too deep to be written again. */
export async function readJsonObject(
  incoming: IncomingMessage,
  readBody: ReadBody,
): Promise<{ raw: Buffer; json: JsonObject }> {
  const raw = await readBody(incoming)
  const json = parseJson(raw)
  if (!isJsonObject(json)) throw new TrackerError('invalid_input', 'The body should be a JSON object.')
  if (isTooDeep(json)) throw new TrackerError('invalid_input', 'The body is nested too deep.')
  return { raw, json }
}
