import { VARIABLES } from './documented-variables.ts'
import type { Environment } from './variables.ts'

/** The variables of this program. Its commands also read general ones such as `NODE_ENV` and `NO_COLOR`. */
const KNOWN = VARIABLES.map(({ name }) => name)

/**
 * Variables of other programs that look like ours. ImageKit's clients read the two that begin with `IMAGEKIT_`. Kubernetes and
 * Docker set the others for every service, for example `TRACKER_SERVICE_HOST` and `TRACKER_PORT` for one called `tracker`.
 */
const FOREIGN = /^IMAGEKIT_(PUBLIC_KEY|URL_ENDPOINT)$|^\w+_(SERVICE|PORT)(_\w+)?$/

/** Returns a warning for each variable that looks like one of ours but isn't. */
export function findUnknownVariables(env: Environment): string[] {
  return Object.keys(env).flatMap((name) => {
    const bare = name.replace(/_FILE$/, '')
    if (KNOWN.includes(bare) || FOREIGN.test(name)) return []
    const meant = closestVariable(bare)
    if (meant === undefined && !/^(TRACKER|IMAGEKIT)_/i.test(name)) return []
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    return [`${name} is not a variable of this program and has no effect${hint}`]
  })
}

/** The variable that was probably meant by this name, without `_FILE`; undefined if none is similar. */
export function closestVariable(name: string): string | undefined {
  return KNOWN.find((known) => isAlmost(normalize(name), normalize(known)))
}

function normalize(name: string): string {
  return name.toUpperCase().replaceAll('_', '')
}

/** Whether the names are equal, or one character is missing, added or wrong. A `known` name under 8 characters must be equal. */
function isAlmost(name: string, known: string): boolean {
  if (name === known) return true
  if (known.length < 8 || Math.abs(name.length - known.length) > 1) return false
  let start = 0
  while (start < known.length && name[start] === known[start]) start += 1
  let end = 0
  const shorter = Math.min(name.length, known.length)
  while (end < shorter - start && name.at(-1 - end) === known.at(-1 - end)) end += 1
  return Math.max(name.length, known.length) - start - end <= 1
}
