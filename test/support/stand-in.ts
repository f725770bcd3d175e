import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { startListening } from './listening.ts'

/** A fake ImageKit that responds as the test says. It counts the requests whose body was received completely. */
export async function startStandIn(
  respond: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<{ url: string; received(): number }> {
  let received = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      received += 1
      respond(response, request)
    })
  })
  return { url: await startListening(server), received: () => received }
}
