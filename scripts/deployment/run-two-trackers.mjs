import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAnyFreePort } from '../../dist/cli/free-port.js'
import { startLocalPostgres } from '../../dist/cli/local-postgres.js'
import { readServices, VARIABLES } from './compose.mjs'
import { spawnBound, startContainer } from './container.mjs'
import { requestJson, stopContainer, untilHealthy, untilStatus, withKey } from './running.mjs'

const FILE = 'compose.two-trackers.yaml'
const TRACKERS = ['tracker-1', 'tracker-2']

/**
 * Runs the trackers of the compose file on one PostgreSQL server, behind Caddy with its configuration if it is installed. Throws unless
 * both respond, each knows what the other stored, and requests continue while one of them is stopped.
 */
export async function runTwoTrackers({ root, image, folder, report }) {
  const ports = Object.fromEntries(
    await Promise.all(TRACKERS.map(async (name) => [name, await findAnyFreePort()])),
  )
  const proxyPort = await findAnyFreePort()
  const hasCaddy = spawnSync('caddy', ['version']).status === 0
  const url = `http://127.0.0.1:${hasCaddy ? proxyPort : ports['tracker-1']}`
  const postgres = await startLocalPostgres({ path: process.env.PATH })
  let stopProxy = async () => {}
  try {
    const { services } = readServices(FILE, { ...VARIABLES, PUBLIC_URL: url })
    const containers = TRACKERS.map((name) =>
      startContainer({
        root,
        command: [...image.entrypoint, ...image.command],
        env: {
          ...image.env,
          ...services[name].environment,
          HOST: '127.0.0.1',
          PORT: String(ports[name]),
          DATABASE_URL: postgres.url,
        },
        workdir: image.workdir,
        user: image.user,
      }),
    )
    for (const container of containers) await untilHealthy(container, image.healthcheck)
    if (hasCaddy) stopProxy = startCaddy({ folder, url, ports })
    await untilStatus(`${url}/readyz`, 200)

    const headers = withKey(VARIABLES.TRACKER_API_KEY)
    const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }] })
    const json = { ...headers, 'content-type': 'application/json' }
    const { submissionId } = await requestJson(`${url}/submissions`, 201, {
      method: 'POST',
      body,
      headers: json,
    })
    const read = (base) => requestJson(`${base}/submissions/${submissionId}`, 200, { headers })
    for (const port of Object.values(ports)) await read(`http://127.0.0.1:${port}`)
    report('two trackers on PostgreSQL: each knows a submission that one of them stored')
    if (!hasCaddy) report('left out: the proxy, because Caddy is not installed')
    else {
      const instances = new Set()
      for (let request = 0; request < 10; request += 1)
        instances.add((await untilStatus(`${url}/healthz`, 200)).headers.get('x-instance-id'))
      if (instances.size !== 2) throw new Error(`of two trackers, ${instances.size} responded behind Caddy`)
      await stopContainer(containers[0])
      for (let request = 0; request < 10; request += 1) await read(url)
      report('behind Caddy: both respond; while one is stopped, no request fails')
    }
    for (const container of containers) if (container.isRunning()) await stopContainer(container)
  } finally {
    await stopProxy()
    await postgres.stop()
  }
}

/** Caddy with the configuration of the compose file, in which only the addresses are replaced. Returns a function that stops it. */
function startCaddy({ folder, url, ports }) {
  let text = readFileSync('deploy/Caddyfile', 'utf8')
  for (const [name, port] of Object.entries(ports)) text = text.replace(`${name}:3000`, `127.0.0.1:${port}`)
  const config = join(folder, 'Caddyfile')
  // Caddy's own API would listen on a fixed port.
  writeFileSync(config, `{\n\tadmin off\n}\n${text}`)
  const env = { PATH: process.env.PATH, HOME: folder, PUBLIC_URL: url }
  const caddy = spawnBound('caddy', ['run', '--adapter', 'caddyfile', '--config', config], {
    env,
    stdio: 'ignore',
  })
  const exited = once(caddy, 'exit')
  return async () => {
    caddy.kill('SIGTERM')
    await exited
  }
}
