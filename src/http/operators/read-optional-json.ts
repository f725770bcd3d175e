import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../../domain/errors.ts'
import { isJsonObject, type JsonObject } from '../../domain/json.ts'
import { readBody } from '../read-body.ts'
import { MAX_JSON_BYTES, parseJson } from '../read-json.ts'

/** A JSON object, or nothing, which counts as an empty one. Throws `invalid_input`. */
export async function readOptionalJson(incoming: IncomingMessage, totalMs: number): Promise<JsonObject> {
  const raw = await readBody(incoming, MAX_JSON_BYTES, totalMs)
  if (raw.length === 0) return {}
  const json = parseJson(raw)
  if (!isJsonObject(json)) throw new TrackerError('invalid_input', 'The body should be a JSON object.')
  return json
}
