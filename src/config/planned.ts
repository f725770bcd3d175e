import type { Variables } from './variables.ts'

/**
 * Variables whose work this version does not do yet: they are read and checked, and told rather than passed over.
 * Returns a sentence for each that is set.
 */
export function checkPlanned(variables: Variables): string[] {
  variables.parsed('IMAGEKIT_PASSTHROUGH', 'off', parsePassthrough, 'off, read or all; it has no effect yet')
  return PLANNED.filter((name) => variables.text(name) !== undefined).map(
    (name) => `${name} has no effect yet`,
  )
}

const PLANNED = ['IMAGEKIT_PASSTHROUGH']

function parsePassthrough(text: string): string | undefined {
  return ['off', 'read', 'all'].find((word) => word === text)
}
