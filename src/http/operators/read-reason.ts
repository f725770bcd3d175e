import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { parseWith } from '../parse-with.ts'
import type { ReadBody } from '../read-body.ts'
import { readOptionalJson } from './read-optional-json.ts'

export const reasonText = z.string().max(2000, 'must have at most 2000 characters').nullish()

const reasonSchema = z.strictObject({ reason: reasonText })

/** Reads the operator's reason; null if the body has none. Throws `invalid_input`. */
export async function readReason(incoming: IncomingMessage, readBody: ReadBody): Promise<string | null> {
  return parseWith(reasonSchema, await readOptionalJson(incoming, readBody)).reason ?? null
}
