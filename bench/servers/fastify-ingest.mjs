// What one would write: Fastify, and a transaction for each request.
import fastify from 'fastify'
import { submissionOfToken, tellAddress } from './door.mjs'
import { openOneCommit } from './one-commit.mjs'

const commit = openOneCommit()
// A token is longer than the parameters that Fastify takes otherwise.
const app = fastify({ routerOptions: { maxParamLength: 200 } })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhooks/extension/:token', (request, reply) => {
  const submissionId = submissionOfToken(request.params.token)
  if (submissionId === undefined) return reply.code(401).send()
  commit(submissionId, request.body, JSON.parse(request.body.toString()))
  reply.send({ outcome: 'applied' })
})
await app.listen({ port: 0, host: '127.0.0.1' })
tellAddress(app.server)
