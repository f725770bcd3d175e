/** One thing that was looked at. `told` is what was found, `remedy` what to do about it; null where all is well. */
export type Check = {
  name: string
  level: 'ok' | 'warn' | 'fail'
  told: string
  remedy: string | null
}

export function ok(name: string, told: string): Check {
  return { name, level: 'ok', told, remedy: null }
}

export function warn(name: string, told: string, remedy: string): Check {
  return { name, level: 'warn', told, remedy }
}

export function fail(name: string, told: string, remedy: string): Check {
  return { name, level: 'fail', told, remedy }
}
