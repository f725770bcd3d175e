// The ceiling: reads the body, checks the token, stores nothing.
import { createServer } from 'node:http'
import { APPLIED, submissionOfToken, tellAddress, WEBHOOKS } from './door.mjs'

const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': APPLIED.length }

const server = createServer((incoming, outgoing) => {
  const chunks = []
  incoming.on('data', (chunk) => chunks.push(chunk))
  incoming.on('end', () => {
    Buffer.concat(chunks)
    const isProven = submissionOfToken(incoming.url.slice(WEBHOOKS.length)) !== undefined
    if (isProven) outgoing.writeHead(200, HEADERS).end(APPLIED)
    else outgoing.writeHead(401).end()
  })
})
server.listen(0, '127.0.0.1', () => tellAddress(server))
