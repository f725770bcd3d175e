import { createHash } from 'node:crypto'

/** A key that authenticates requests. Logs and records show its name only. */
export type AccessKey = { name: string; secret: string }

const MIN_SECRET_LENGTH = 16

/** The placeholders for secrets in `.env.example` and the docs, which are publicly known. */
const PLACEHOLDER = /\.\.\.|…|change[-_ ]?me|x{5}/i

/** The problem's text never contains the secret. */
export function placeholderProblem(secret: string): string | undefined {
  return PLACEHOLDER.test(secret) ? 'is a placeholder; replace it with your own secret' : undefined
}

/** Checks a secret that users choose. The problem's text never contains the secret. */
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
    if (rest.length > 0) problems.push(`key ${position}: a secret must not contain ":"`)
    else if (!/^[\w.-]{1,64}$/.test(name))
      problems.push(`key ${position}: a name must be 1 to 64 letters, digits, "_", "." or "-"`)
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
 * Derives the name from the secret. A name from the position would give a rotated or inserted key the stored responses and the
 * audit entries of another. 32 bits distinguish a few keys, and too many secrets share them to confirm a guess.
 */
function nameFromSecret(secret: string): string {
  const digest = createHash('sha256').update(`extension-tracker key name\0${secret}`).digest('hex')
  return `key-${digest.slice(0, 8)}`
}
