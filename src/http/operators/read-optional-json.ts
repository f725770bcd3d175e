import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../../domain/errors.ts'
import { isJsonObject, type JsonObject } from '../../domain/json.ts'
import type { ReadBody } from '../read-body.ts'
import { parseJson } from '../read-json.ts'

/** Reads a JSON object; an empty body counts as an empty object. Throws `invalid_input`. */
export async function readOptionalJson(incoming: IncomingMessage, readBody: ReadBody): Promise<JsonObject> {
  const raw = await readBody(incoming)
  if (raw.length === 0) return {}
  const json = parseJson(raw)
  if (!isJsonObject(json)) throw new TrackerError('invalid_input', 'The body should be a JSON object.')
  return json
}
