// What one would write: Express, and a transaction for each request.
import express from 'express'
import { submissionOfToken, tellAddress } from './door.mjs'
import { openOneCommit } from './one-commit.mjs'

const commit = openOneCommit()
const app = express()
app.post('/webhooks/extension/:token', express.raw({ type: () => true }), (request, response) => {
  const submissionId = submissionOfToken(request.params.token)
  if (submissionId === undefined) return response.sendStatus(401)
  commit(submissionId, request.body, JSON.parse(request.body.toString()))
  response.json({ outcome: 'applied' })
})
const server = app.listen(0, '127.0.0.1', () => tellAddress(server))
