import type { z } from 'zod'
import { CommandError } from './command-error.ts'
import type { TrackerClient } from './tracker-client.ts'

type JsonRequest = { method?: 'GET' | 'POST'; path: string; body?: object }

/** Requests JSON from the service. Throws `CommandError` if the response is an error or doesn't match `schema`. */
export async function requestJson<T>(
  client: TrackerClient,
  { method = 'GET', path, body }: JsonRequest,
  schema: z.ZodType<T>,
): Promise<T> {
  const response = await client.send({
    method,
    path,
    ...(body && { headers: { 'content-type': 'application/json' }, body: oneChunk(JSON.stringify(body)) }),
  })
  if (response.status < 200 || response.status > 299) throw client.toError(response)
  try {
    return schema.parse(JSON.parse(response.text))
  } catch (cause) {
    throw new CommandError(
      "The response is not one of the service's. Does TRACKER_URL point to the service?",
      1,
      { cause },
    )
  }
}

async function* oneChunk(text: string): AsyncGenerator<string, void> {
  yield text
}
