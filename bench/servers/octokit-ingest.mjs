// `@octokit/webhooks` as its README shows it: checks GitHub's signature, tells the handlers, stores nothing.
import { createServer } from 'node:http'
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks'
import { tellAddress } from './door.mjs'

const webhooks = new Webhooks({ secret: process.env.TRACKER_TOKEN_SECRET })
let heard = 0
webhooks.onAny(() => {
  heard += 1
})
const server = createServer(createNodeMiddleware(webhooks, { path: '/' }))
server.listen(0, '127.0.0.1', () => tellAddress(server))
process.on('exit', () => console.log(JSON.stringify({ heard })))
