import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { checkEnvironment, SECRETS } from './environment.mjs'

export const COMPOSE_FILES = ['compose.yaml', 'compose.postgres.yaml', 'compose.two-trackers.yaml']

/** What a user has to set for these files. */
export const VARIABLES = {
  PUBLIC_URL: 'https://tracker.example.com',
  POSTGRES_PASSWORD: 'password',
  ...SECRETS,
}

/** The services of a file, with variables replaced and `extends` resolved. */
export function readServices(file, variables = VARIABLES) {
  const document = parse(interpolate(readFileSync(file, 'utf8'), variables), { merge: true })
  for (const [name, { extends: base, ...service }] of Object.entries(document.services))
    if (base !== undefined)
      document.services[name] = { ...readServices(base.file, variables).services[base.service], ...service }
  return document
}

/** `${NAME:?message}` is the only form that the files use: no variable has a default. */
function interpolate(text, variables) {
  return text.replace(/\$\{(\w+)([^}]*)\}/g, (match, name, rest) => {
    if (!rest.startsWith(':?'))
      throw new Error(`${match} must be \${${name}:?…}, with a message for those who did not set it`)
    if (variables[name] === undefined) throw new Error(`${name} has no value in this check`)
    return variables[name]
  })
}

/** Throws unless the services are hardened, and agree with the Dockerfile. `settings`: the settings of the image of each target. */
export function checkCompose(file, settings) {
  const { services, volumes } = readServices(file)
  for (const [name, service] of Object.entries(services)) {
    const title = `${file}: ${name}`
    const expect = (condition, text) => {
      if (!condition) throw new Error(`${title}: ${text}`)
    }
    expect(service.read_only === true, 'must have a read-only root file system')
    expect(service.cap_drop?.join() === 'ALL', 'must drop all capabilities')
    expect(service.security_opt?.includes('no-new-privileges:true'), 'must forbid new privileges')
    const builders = Object.values(services).filter((other) => other.build && other.image === service.image)
    expect(builders.length <= 1, `${builders.length} services build ${service.image} at the same time`)
    const target = builders[0]?.build.target
    const image = settings[target]
    expect(target === undefined || image !== undefined, `the Dockerfile has no target ${target}`)
    expect((service.healthcheck ?? image?.healthcheck) !== undefined, 'has no health check')
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(services[other], `depends on ${other}, which does not exist`)
    for (const entry of service.volumes ?? []) {
      const [source, target] = entry.split(':')
      expect(source.startsWith('./') || source in volumes, `the volume ${source} is not declared`)
      expect(
        image === undefined || target === image.volume,
        `mounts ${target}, but the image's volume is ${image?.volume}`,
      )
    }
    for (const entry of image === undefined ? [] : (service.ports ?? [])) {
      const port = Number(entry.split(':').at(-1))
      const ports = Object.values(settings).flatMap((each) => each.ports)
      expect(ports.includes(port), `publishes port ${port}, but the images use ${ports.join(', ')}`)
    }
    if (image?.command[0] === 'serve') checkEnvironment(title, { ...image.env, ...service.environment })
  }
}

/** Lets Docker Compose check a file, if it is installed: it needs no engine. Returns whether it is. */
export function checkWithDocker(file, command) {
  const run = (variables) =>
    execFileSync(command[0], [...command.slice(1), '-f', file, 'config', '--quiet'], {
      env: { PATH: process.env.PATH, ...variables },
      stdio: 'pipe',
    })
  run(VARIABLES)
  const { TRACKER_TOKEN_SECRET: _, ...others } = VARIABLES
  try {
    run(others)
  } catch (error) {
    if (String(error.stderr).includes('TRACKER_TOKEN_SECRET is missing a value: set a random text')) return
    throw error
  }
  throw new Error(`${file}: Docker Compose accepts it without TRACKER_TOKEN_SECRET`)
}

/** The command of Docker Compose; undefined if it is not installed. */
export function findDockerCompose() {
  return [['docker', 'compose'], ['docker-compose']].find(([program, ...rest]) => {
    try {
      execFileSync(program, [...rest, 'version'], { stdio: 'pipe' })
      return true
    } catch {
      return false
    }
  })
}
