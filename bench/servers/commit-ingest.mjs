// One plain commit a request, on nothing but `node:http`.
import { createServer } from 'node:http'
import { APPLIED, readBody, submissionOfToken, tellAddress, WEBHOOKS } from './door.mjs'
import { openOneCommit } from './one-commit.mjs'

const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': APPLIED.length }
const commit = openOneCommit()

const server = createServer(async (incoming, outgoing) => {
  const submissionId = submissionOfToken(incoming.url.slice(WEBHOOKS.length))
  const body = await readBody(incoming)
  if (submissionId === undefined) return outgoing.writeHead(401).end()
  commit(submissionId, body, JSON.parse(body.toString()))
  outgoing.writeHead(200, HEADERS).end(APPLIED)
})
server.listen(0, '127.0.0.1', () => tellAddress(server))
