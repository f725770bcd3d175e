import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from './command-error.ts'
import type { TrackerClient } from './tracker-client.ts'

const PAUSE_MS = 1000

/** The same client, whose questions are asked again while the service restarts. What changes something is sent once. */
export function patientClient(client: TrackerClient, tries = 60): TrackerClient {
  return {
    ...client,
    async send(request, signal) {
      for (let left = request.method === 'GET' ? tries : 1; ; left -= 1) {
        const answer = await client.send(request, signal).catch((error: unknown) => {
          if (left <= 1 || signal?.aborted) throw error
        })
        if (answer !== undefined && (answer.status < 500 || left <= 1)) return answer
        await pause(PAUSE_MS, signal)
      }
    },
  }
}

/** Throws `CommandError` as soon as `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal && { signal }).catch((cause: unknown) => {
    throw new CommandError('Stopped.', 1, { cause })
  })
}
