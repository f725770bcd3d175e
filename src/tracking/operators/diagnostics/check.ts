/** The result of one check. `message` is what was found; `remedy` is what to do about it, null if all is well. */
export type Check = {
  name: string
  level: 'ok' | 'warn' | 'fail'
  message: string
  remedy: string | null
}

export function ok(name: string, message: string): Check {
  return { name, level: 'ok', message, remedy: null }
}

export function warn(name: string, message: string, remedy: string): Check {
  return { name, level: 'warn', message, remedy }
}

export function fail(name: string, message: string, remedy: string): Check {
  return { name, level: 'fail', message, remedy }
}
