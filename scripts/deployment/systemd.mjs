import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { checkEnvironment, SECRETS } from './environment.mjs'

const UNIT = 'deploy/systemd/extension-tracker.service'

/** The highest exposure that `systemd-analyze security` may report, of 10. */
const MAX_EXPOSURE = 1.5

/** Reads the unit. `%S` and `%d` become the folders that systemd would use. */
export function readUnit() {
  const text = readFileSync(UNIT, 'utf8')
    .replaceAll('%S', '/var/lib')
    .replaceAll('%d', '/run/credentials/extension-tracker.service')
  const valuesOf = (name) => [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value)
  return {
    command: valuesOf('ExecStart')[0].split(' '),
    workdir: valuesOf('WorkingDirectory')[0],
    stateFolder: `/var/lib/${valuesOf('StateDirectory')[0]}`,
    env: Object.fromEntries(valuesOf('Environment').map((entry) => /^(\w+)=(.*)$/.exec(entry).slice(1))),
    credentials: valuesOf('LoadCredential').map((entry) => entry.split(':')[0]),
  }
}

/** The value of each credential, by the path at which the service reads it. */
export function credentialFiles({ env, credentials }) {
  const files = Object.entries(env).filter(([name]) => name.endsWith('_FILE'))
  for (const [name, path] of files)
    if (!credentials.includes(path.split('/').at(-1))) throw new Error(`${UNIT}: ${name} is not a credential`)
  return new Map(files.map(([name, path]) => [path, SECRETS[name.replace('_FILE', '')]]))
}

/** Throws unless `serve` accepts the environment of the unit. */
export function checkUnit() {
  const unit = readUnit()
  const files = credentialFiles(unit)
  // From the EnvironmentFile.
  const env = { ...unit.env, PUBLIC_URL: 'https://tracker.example.com' }
  checkEnvironment(UNIT, env, (path) => files.get(path) ?? '')
}

/** Returns what systemd reports about the unit; undefined if systemd is not installed. */
export function analyzeUnit() {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  const options = ['security', '--offline=yes', '--no-pager']
  const report = execFileSync('systemd-analyze', [...options, UNIT], { encoding: 'utf8', stdio: 'pipe' })
  const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(report)
  if (Number(exposure) > MAX_EXPOSURE)
    throw new Error(
      `${UNIT}: systemd-analyze rates the exposure as ${exposure}, above ${MAX_EXPOSURE}:\n${report}`,
    )
  return exposure
}
