import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findAnyFreePort } from '../../dist/cli/free-port.js'
import { createRoot, startContainer } from './container.mjs'
import { link } from './image.mjs'
import { stopContainer, untilHealthy, untilStatus } from './running.mjs'
import { credentialFiles, readUnit } from './systemd.mjs'

/** A user of the range that systemd takes for DynamicUser=. */
const USER = 61_184

/**
 * Runs the command of the unit as systemd would: as a user without a name, with its environment and credentials, in its state folder, with
 * everything else read-only, and with nothing in /proc but processes. systemd's filter of system calls is not applied.
 */
export async function runUnit({ imageRoot, folder, report }) {
  const root = join(folder, 'systemd')
  createRoot(root)
  const unit = readUnit()
  const packages = join(root, 'opt/extension-tracker/node_modules')
  const installed = join(packages, 'imagekit-extension-tracker')
  mkdirSync(dirname(packages), { recursive: true })
  link([join(imageRoot, 'app/node_modules')], packages)
  mkdirSync(installed)
  link([...['dist', 'drizzle', 'package.json'].map((name) => join(imageRoot, 'app', name))], installed)
  for (const [path, value] of credentialFiles(unit)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), value, { mode: 0o400 })
    chownSync(join(root, path), USER, USER)
  }
  const state = join(folder, 'systemd-state')
  for (const path of [state, join(root, unit.stateFolder)]) mkdirSync(path, { recursive: true })
  chmodSync(state, 0o700)
  chownSync(state, USER, USER)

  const port = await findAnyFreePort()
  const [, ...args] = unit.command
  const container = startContainer({
    root,
    command: ['node', ...args],
    env: { ...unit.env, PUBLIC_URL: 'https://tracker.example.com', PORT: String(port) },
    workdir: unit.workdir,
    user: `${USER}:${USER}`,
    procOptions: 'subset=pid',
    mounts: [{ source: state, target: unit.stateFolder, mode: 'rw' }],
  })
  await untilHealthy(container, ['true'])
  await untilStatus(`http://127.0.0.1:${port}/readyz`, 200)
  if (container.exec(['touch', '/opt/file']) === 0) throw new Error('/opt could be written')
  await stopContainer(container)
  report('the unit: ready with its credentials and state folder; SIGTERM: exit code 0')
}
