// What all servers beside the tracker share: the same check of the same token, and how they tell where they listen.
import { createCapabilityTokens } from '../../dist/tracking/capability-tokens.js'
import { readWebhookToken } from '../../dist/tracking/links.js'

const tokens = createCapabilityTokens([process.env.TRACKER_TOKEN_SECRET])
export const WEBHOOKS = '/webhooks/extension/'
export const APPLIED = JSON.stringify({ outcome: 'applied' })

/** The submission that a token proves; undefined for a forged one. */
export function submissionOfToken(token) {
  return readWebhookToken(tokens, token)
}

export function tellAddress(server) {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }))
}

/** Resolves with all that was sent. */
export async function readBody(incoming) {
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks)
}
