import { createHash } from 'node:crypto'

/** A key that opens routes. Its name is what logs and records show of it. */
export type AccessKey = { name: string; secret: string }

const MIN_SECRET_LENGTH = 16

/** What `.env.example` and the documents show where a secret belongs: everybody knows it. */
const PLACEHOLDER = /\.\.\.|…|change[-_ ]?me|x{5}/i

/** Without the secret itself. */
export function placeholderProblem(secret: string): string | undefined {
  return PLACEHOLDER.test(secret) ? 'is a placeholder; put a secret of your own in its place' : undefined
}

/** What is wrong with a secret that we or our users choose, without the secret itself. */
export function secretProblem(secret: string): string | undefined {
  const isShort = secret.length < MIN_SECRET_LENGTH
  return (
    placeholderProblem(secret) ?? (isShort ? `is shorter than ${MIN_SECRET_LENGTH} characters` : undefined)
  )
}

/** Reads a comma-separated list of `secret` or `name:secret`. The problems never quote a secret. */
export function parseAccessKeys(text: string): { keys: AccessKey[]; problems: string[] } {
  const keys: AccessKey[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const position = index + 1
    const [first = '', second, ...rest] = entry.trim().split(':')
    const secret = second ?? first
    const problem = secretProblem(secret)
    const name = second === undefined ? nameFromSecret(secret) : first
    if (rest.length > 0) problems.push(`key ${position}: a secret has no ":"`)
    else if (!/^[\w.-]{1,64}$/.test(name))
      problems.push(`key ${position}: a name has 1 to 64 letters, digits, "_", "." or "-"`)
    else if (problem !== undefined) problems.push(`key ${position}: the secret ${problem}`)
    else if (keys.some((key) => key.secret === secret))
      problems.push(`key ${position}: the secret is given twice`)
    else if (keys.some((key) => key.name === name))
      problems.push(`key ${position}: the name "${name}" is given twice`)
    else keys.push({ name, secret })
  }
  return { keys, problems }
}

/**
 * Names a key by its secret: by its position, a rotated or inserted key would take over the name, the stored responses and
 * the audit entries of another. 32 bits tell a few keys apart, and too many secrets share them to confirm a guess.
 */
function nameFromSecret(secret: string): string {
  const digest = createHash('sha256').update(`extension-tracker key name\0${secret}`).digest('hex')
  return `key-${digest.slice(0, 8)}`
}
