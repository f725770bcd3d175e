import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'
import { isJsonObject, isTooDeep, type Json, type JsonObject } from '../domain/json.ts'
import type { ReadBody } from './read-body.ts'

/** Parses a body. Throws `invalid_input` if it is not JSON. */
export function parseJson(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''))
  } catch (error) {
    // The message without its quote: V8 quotes the text around the error, with leading dots if the quote starts in the middle.
    const reason = error instanceof Error ? error.message.replace(/, (?:\.\.\.)?".*/s, '') : ''
    throw new TrackerError('invalid_input', `The body is not JSON (${reason.slice(0, 80)}).`)
  }
}

/** Reads and parses a body. Throws `invalid_input` for anything but a JSON object, and for one that is nested too deeply (`isTooDeep`). */
export async function readJsonObject(
  incoming: IncomingMessage,
  readBody: ReadBody,
): Promise<{ raw: Buffer; json: JsonObject }> {
  const raw = await readBody(incoming)
  return { raw, json: parseJsonObject(raw) }
}

/** The same, but an empty body counts as an empty object. */
export async function readOptionalJson(incoming: IncomingMessage, readBody: ReadBody): Promise<JsonObject> {
  const raw = await readBody(incoming)
  return raw.length === 0 ? {} : parseJsonObject(raw)
}

function parseJsonObject(raw: Buffer): JsonObject {
  if (raw.length === 0) throw new TrackerError('invalid_input', 'The body is missing. Send a JSON object.')
  const json = parseJson(raw)
  if (!isJsonObject(json)) throw new TrackerError('invalid_input', 'The body must be a JSON object.')
  if (isTooDeep(json)) throw new TrackerError('invalid_input', 'The body is nested too deeply.')
  return json
}

/**
 * For a service that accepts only local requests, because API keys or admin keys are missing: throws `unsupported_media_type` for a
 * body that is not declared as JSON. Another site's page can send a few other types, such as `text/plain`, without a preflight
 * request.
 * https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export function declaredJson(readBody: ReadBody): ReadBody {
  return async (incoming) => {
    const {
      'content-type': type = '',
      'content-length': length,
      'transfer-encoding': encoding,
    } = incoming.headers
    const isEmpty = encoding === undefined && Number(length ?? 0) === 0
    if (!isEmpty && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type))
      throw new TrackerError('unsupported_media_type', 'Send the body as Content-Type: application/json.')
    return readBody(incoming)
  }
}
