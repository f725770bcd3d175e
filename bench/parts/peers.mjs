// What can be installed instead, each with its own kind of valid request of the same size.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compareIngest, ingestChart } from '../compare-ingest.mjs'
import { githubDelivery } from '../load/deliveries.mjs'
import { writeRequests } from '../load/request-file.mjs'
import { has } from '../machine.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { BARE, TRACKER } from '../servers/ingest-servers.mjs'
import { launch, launchPeer } from '../servers/launch.mjs'
import { SECRETS } from '../servers/secrets.mjs'

const CONNECTIONS = 64
/** They store nothing, so the same ones can be sent again. */
const DISTINCT = 50_000
const WEBHOOK = process.env.WEBHOOK_PROGRAM ?? 'webhook'

const OCTOKIT = {
  name: '@octokit/webhooks on node:http',
  promises: 'its handlers were called',
  path: '/',
  start: (folder, { env }) => launchPeer('octokit-ingest', folder, env),
}

/** adnanh/webhook: it answers once the command of the hook is started. */
const DEBIAN_WEBHOOK = {
  name: 'Debian’s webhook, running /bin/true',
  promises: 'a command was started',
  path: '/hooks/bench',
  async start(folder) {
    const hooks = join(folder, 'hooks.json')
    writeFileSync(hooks, JSON.stringify([HOOK]))
    const port = await freePort()
    const command = [WEBHOOK, '-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port), '-verbose']
    const server = await launch(command, folder, {}, { listening: /(serving hooks) on/ })
    const url = `http://127.0.0.1:${port}`
    await sleep(100)
    return { ...server, url }
  },
}

const HOOK = {
  id: 'bench',
  'execute-command': '/bin/true',
  // Otherwise a wrong signature is answered 200 as well.
  'trigger-rule-mismatch-http-response-code': 403,
  'trigger-rule': {
    match: {
      type: 'payload-hmac-sha256',
      secret: SECRETS.TRACKER_TOKEN_SECRET,
      parameter: { source: 'header', name: 'X-Hub-Signature-256' },
    },
  },
}

export async function measure(bench) {
  const ours = await prepareDeliveries(bench)
  const peers = has(WEBHOOK) ? [OCTOKIT, DEBIAN_WEBHOOK] : [OCTOKIT]
  const own = new Map(
    peers.map(({ name, path }, index) => {
      const file = join(bench.folder, `peer-${index}.requests`)
      return [name, writeRequests(file, DISTINCT, githubDelivery(path))]
    }),
  )
  const requests = { ...ours, of: ({ name }) => own.get(name) ?? ours }
  const compared = await compareIngest(bench, [TRACKER, BARE, ...peers], requests, CONNECTIONS)
  const absent = has(WEBHOOK) ? '' : ' Debian’s `webhook` is not installed here, so it is not among them.'
  return {
    title: 'Installable peers',
    tables: [{ ...compared.table, note: `${compared.table.note}${absent}` }],
    goals: {},
    lost: compared.lost,
    charts: [ingestChart(compared, 'peers', 'Webhooks acknowledged a second, 64 connections')],
    raw: compared.results,
  }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}
