import type { z } from 'zod'
import { CommandError } from './command-error.ts'
import type { TrackerClient } from './tracker-client.ts'

type Question = { method?: 'GET' | 'POST'; path: string; body?: object }

/** Asks the service for JSON. Throws `CommandError` for a refusal, and for what is no answer of the service's. */
export async function askTracker<T>(
  client: TrackerClient,
  { method = 'GET', path, body }: Question,
  schema: z.ZodType<T>,
): Promise<T> {
  const answer = await client.send({
    method,
    path,
    ...(body && { headers: { 'content-type': 'application/json' }, body: oneChunk(JSON.stringify(body)) }),
  })
  if (answer.status < 200 || answer.status > 299) throw client.refusal(answer)
  try {
    return schema.parse(JSON.parse(answer.text))
  } catch (cause) {
    throw new CommandError('The answer is not one of the service. Does TRACKER_URL point to it?', 1, {
      cause,
    })
  }
}

async function* oneChunk(text: string): AsyncGenerator<string, void> {
  yield text
}
