import { execFileSync } from 'node:child_process'
import { openAsBlob, statSync } from 'node:fs'
import { join } from 'node:path'
import { findAnyFreePort } from '../../dist/cli/free-port.js'
import { readServices } from './compose.mjs'
import { startContainer } from './container.mjs'
import { requestJson, stopContainer, untilHealthy, withKey } from './running.mjs'

/**
 * Runs the services of compose.yaml with the images in `roots`: as their user, without capabilities, on a read-only root file system, with
 * a volume. They listen on loopback and on free ports. Throws unless an upload's extension succeeds, is still known after a restart,
 * and each service ends with 0 after SIGTERM.
 */
export async function runImages({ roots, settings, folder, report }) {
  const ports = [await findAnyFreePort(), await findAnyFreePort()]
  const { services } = readServices('compose.yaml')
  const withPorts = (text) => text.replace(':3000', `:${ports[0]}`).replace(':3001', `:${ports[1]}`)
  const start = (name, service, port) => {
    const image = settings[name]
    const env = { ...image.env, ...service.environment, HOST: '127.0.0.1', PORT: String(port) }
    return startContainer({
      root: roots.get(name),
      command: [...image.entrypoint, ...(service.command ?? image.command).map(withPorts)],
      env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, withPorts(value)])),
      workdir: image.workdir,
      user: image.user,
      mounts: [{ source: join(folder, name), target: image.volume, mode: 'rw' }],
    })
  }
  // As an engine fills an empty volume.
  for (const name of ['tracker', 'sandbox'])
    execFileSync('cp', ['--archive', join(roots.get(name), settings[name].volume), join(folder, name)])

  const sandbox = start('sandbox', services.sandbox, ports[1])
  const tracker = start('tracker', services.tracker, ports[0])
  await untilHealthy(sandbox, settings.sandbox.healthcheck)
  await untilHealthy(tracker, settings.tracker.healthcheck)
  report('healthy: HEALTHCHECK of both images ends with 0')
  for (const path of ['/app/file', '/file', '/tmp/file'])
    if (tracker.exec(['touch', path]) === 0) throw new Error(`${path} could be written`)
  report('read-only: no file can be created in /app, / and /tmp')

  const headers = withKey(services.tracker.environment.TRACKER_API_KEY)
  const url = `http://127.0.0.1:${ports[0]}`
  const form = new FormData()
  form.set('file', await openAsBlob('docs/images/mug.png'), 'mug.png')
  form.set('fileName', 'mug.png')
  form.set('extensions', JSON.stringify([{ name: 'remove-bg' }]))
  const { fileId } = await requestJson(`${url}/api/v1/files/upload`, 200, {
    method: 'POST',
    body: form,
    headers,
  })
  const readStatus = () => requestJson(`${url}/assets/${fileId}/status?wait=30`, 200, { headers })
  expectSuccess(await readStatus())
  report('an upload through the tracker to the sandbox: pending → success')

  await stopContainer(tracker)
  const { uid, mode } = statSync(join(folder, 'tracker/tracker.db'))
  if (`${uid}` !== settings.tracker.user.split(':')[0] || (mode & 0o777) !== 0o600)
    throw new Error(`the database belongs to user ${uid}, mode ${(mode & 0o777).toString(8)}`)
  report('SIGTERM: exit code 0; the database is in the volume, mode 600')
  const again = start('tracker', services.tracker, ports[0])
  await untilHealthy(again, settings.tracker.healthcheck)
  expectSuccess(await readStatus())
  report('restarted on the same volume: the status is still known')
  await stopContainer(again)
  await stopContainer(sandbox)

  const alone = {
    root: roots.get('tracker'),
    env: { PORT: String(ports[0]) },
    command: settings.tracker.healthcheck,
  }
  if ((await startContainer(alone).exited) !== 1) throw new Error('HEALTHCHECK succeeds without a service')
  report('stopped: HEALTHCHECK ends with 1')
}

function expectSuccess({ status }) {
  if (status !== 'success') throw new Error(`the status is ${status}, not success`)
}
