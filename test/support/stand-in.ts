import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { startListening } from './listening.ts'

/** A server in ImageKit's place that does what the test says; it counts the requests whose body came whole. */
export async function startStandIn(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<{ url: string; received(): number }> {
  let received = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      received += 1
      answer(response, request)
    })
  })
  return { url: await startListening(server), received: () => received }
}
