// The ceiling for status: answers every request with the same bytes, those of ANSWER.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tellAddress } from './door.mjs'

const { status, headers, body } = JSON.parse(readFileSync(process.env.ANSWER, 'utf8'))

const server = createServer((_incoming, outgoing) => outgoing.writeHead(status, headers).end(body))
server.listen(0, '127.0.0.1', () => tellAddress(server))
