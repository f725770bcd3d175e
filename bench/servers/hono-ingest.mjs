// The tracker's own framework, with nothing behind it: checks the token, stores nothing.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { submissionOfToken, tellAddress } from './door.mjs'

const app = new Hono()
app.post('/webhooks/extension/:token', async (c) => {
  const isProven = submissionOfToken(c.req.param('token')) !== undefined
  await c.req.arrayBuffer()
  return isProven ? c.json({ outcome: 'applied' }) : c.body(null, 401)
})
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => tellAddress(server))
