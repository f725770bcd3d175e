import type { Variables } from './variables.ts'

/**
 * Checks the variables of features that this version doesn't have yet. Returns a warning for each variable that is set, so that
 * it isn't ignored silently.
 */
export function checkPlanned(variables: Variables): string[] {
  variables.parsed('IMAGEKIT_PASSTHROUGH', 'off', parsePassthrough, 'off, read or all; it has no effect yet')
  return PLANNED.filter((name) => variables.text(name) !== undefined).map(
    (name) => `${name} has no effect yet`,
  )
}

const PLANNED = ['IMAGEKIT_PASSTHROUGH']

function parsePassthrough(text: string): string | undefined {
  return ['off', 'read', 'all'].find((value) => value === text)
}
