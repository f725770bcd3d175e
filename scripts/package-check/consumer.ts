// A program of a user, which package-check.mjs compiles and runs with the packed package.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AccountWebhook,
  ConfigError,
  createTracker,
  InvalidSignatureError,
  parseExtensionWebhook,
  type Tracker,
  type TrackerConfig,
  verifyAccountWebhook,
} from 'imagekit-extension-tracker'
import { createClient, TrackerApiError } from 'imagekit-extension-tracker/client'

function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`not true: ${what}`)
}

const server = createServer((request, response) => tracker.handler(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const config: TrackerConfig = {
  imagekitPrivateKey: 'private_sandbox',
  trackerApiKey: ['app:0123456789abcdef'],
  trackerAdminKey: 'operator:fedcba9876543210',
  databaseUrl: 'file:./tracker.db',
  publicUrl: url,
  maxConcurrentUploads: 8,
  metricsPublic: true,
  LOG_LEVEL: 'warn',
}
const tracker: Tracker = createTracker(config)
await tracker.start()

const client = createClient({ url, key: '0123456789abcdef' })
const { submissionId, webhookUrl } = await client.register({
  extensions: [{ name: 'remove-bg' }],
  fileId: 'file1',
})
check(submissionId.startsWith('sub_'), 'the submission is registered')
const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file1' } })
await fetch(webhookUrl, { method: 'POST', body })
const { extensionStatus } = await client.waitFor('file1', { timeout: 5000 })
check(extensionStatus['remove-bg'] === 'success', 'the webhook settles the extension')
const response = await tracker.fetch(
  new Request(`${url}/assets/file1/status`, { headers: { authorization: 'Bearer 0123456789abcdef' } }),
)
check(response.status === 200, 'fetch serves the status')
const error = await client.status('file2').catch((thrown: unknown) => thrown)
check(error instanceof TrackerApiError && error.code === 'not_found', 'an unknown file is a typed error')

const { service, status, fileId } = parseExtensionWebhook(body)
check(service === 'remove-bg' && status === 'success' && fileId === 'file1', 'the extension webhook is read')
const event = JSON.stringify({ id: 'evt_1', type: 'file.deleted', data: { fileId: 'file1' } })
const now = Date.now()
const mac = createHmac('sha256', 'whsec_1').update(`${now}.${event}`).digest('hex')
const headers = new Headers({ 'x-ik-signature': `t=${now},v1=${mac}` })
const webhook: AccountWebhook = verifyAccountWebhook(event, headers, ['whsec_2', 'whsec_1'])
check(webhook.kind === 'asset' && webhook.fileId === 'file1', 'the account webhook is verified and read')
try {
  verifyAccountWebhook(event, headers, 'whsec_2')
  check(false, 'a wrong secret is rejected')
} catch (thrown) {
  check(thrown instanceof InvalidSignatureError, 'a wrong secret is a typed error')
}
try {
  // @ts-expect-error: an unknown name in camelCase
  createTracker({ imagekitPrivatKey: 'x' })
} catch (thrown) {
  check(thrown instanceof ConfigError && thrown.problems.length > 1, 'all problems are reported')
}
const fromEnvironment: TrackerConfig = process.env
check(typeof fromEnvironment === 'object', 'process.env is a configuration')

server.close()
server.closeAllConnections()
await tracker.stop()
