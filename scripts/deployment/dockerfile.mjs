/**
 * Reads a Dockerfile. Returns its stages by name: `from`, and `instructions`, each with its name and its text. Throws for an instruction
 * that these scripts don't know.
 */
export function parseDockerfile(text) {
  const lines = text
    .split('\n')
    .filter((line) => !line.trim().startsWith('#'))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
  const variables = {}
  const stages = new Map()
  let current
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (name === 'ARG') {
      const [key, value] = rest.split('=')
      variables[key] = value
    } else if (name === 'FROM') {
      const [, from, stage] = /^(?:--platform=\$BUILDPLATFORM )?(\S+) AS (\S+)$/.exec(rest)
      current = { from: from.replace(/\$\{(\w+)\}/, (_, key) => variables[key]), instructions: [] }
      stages.set(stage, current)
    } else if (KNOWN.includes(name)) current.instructions.push({ name, text: rest })
    else throw new Error(`Dockerfile: unknown instruction: ${line}`)
  }
  return stages
}

const KNOWN = [
  'WORKDIR',
  'COPY',
  'RUN',
  'LABEL',
  'USER',
  'VOLUME',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'ENTRYPOINT',
  'CMD',
]

/** The settings of the image of a stage: those of the stages that it is based on, overridden by its own. */
export function imageSettings(stages, name) {
  const stage = stages.get(name)
  const settings = stages.has(stage.from)
    ? imageSettings(stages, stage.from)
    : { env: {}, workdir: '/', ports: [] }
  for (const { name: instruction, text } of stage.instructions) {
    if (instruction === 'ENV')
      for (const [, key, value] of text.matchAll(/(\w+)=(\S+)/g)) settings.env[key] = value
    if (instruction === 'WORKDIR') settings.workdir = text
    if (instruction === 'USER') settings.user = text
    if (instruction === 'VOLUME') settings.volume = text
    if (instruction === 'EXPOSE') settings.ports.push(Number(text))
    if (instruction === 'ENTRYPOINT') settings.entrypoint = JSON.parse(text)
    if (instruction === 'CMD') settings.command = JSON.parse(text)
    if (instruction === 'HEALTHCHECK') settings.healthcheck = JSON.parse(text.slice(text.indexOf('CMD ') + 4))
  }
  return settings
}

/** The paths of the build context: .dockerignore excludes everything, then lists exceptions. */
export function contextPaths(dockerignore) {
  const [first, ...exceptions] = dockerignore
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (first !== '*' || exceptions.some((line) => !line.startsWith('!')))
    throw new Error('.dockerignore must exclude everything first, and then contain only exceptions')
  return exceptions.map((line) => line.slice(1))
}
