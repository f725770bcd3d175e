/** A key that opens routes. Its name is what logs and records show of it. */
export type AccessKey = { name: string; secret: string }

export const MIN_SECRET_LENGTH = 16

/**
 * Reads a comma-separated list of `secret` or `name:secret`. A key without a name is called `KIND-POSITION`.
 * The problems never quote a secret.
 */
export function parseAccessKeys(
  text: string,
  kind: 'api' | 'admin',
): { keys: AccessKey[]; problems: string[] } {
  const keys: AccessKey[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const position = index + 1
    const [first = '', second, ...rest] = entry.trim().split(':')
    const name = second === undefined ? `${kind}-${position}` : first
    const secret = second ?? first
    if (rest.length > 0) problems.push(`key ${position}: a secret has no ":"`)
    else if (!/^[\w.-]{1,64}$/.test(name))
      problems.push(`key ${position}: a name has 1 to 64 letters, digits, "_", "." or "-"`)
    else if (secret.length < MIN_SECRET_LENGTH)
      problems.push(`key ${position}: the secret is shorter than ${MIN_SECRET_LENGTH} characters`)
    else if (keys.some((key) => key.name === name))
      problems.push(`key ${position}: the name "${name}" is given twice`)
    else keys.push({ name, secret })
  }
  return { keys, problems }
}
