import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from './command-error.ts'
import type { TrackerClient } from './tracker-client.ts'

const PAUSE_MS = 1000

/** A client that retries GET requests while the service restarts. Other requests are sent once. */
export function retryingClient(client: TrackerClient, tries = 60): TrackerClient {
  return {
    ...client,
    async send(request, signal) {
      for (let remaining = request.method === 'GET' ? tries : 1; ; remaining -= 1) {
        const response = await client.send(request, signal).catch((error: unknown) => {
          if (remaining <= 1 || signal?.aborted) throw error
        })
        if (response !== undefined && (response.status < 500 || remaining <= 1)) return response
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
