import { countSignIn, lastExpiredSignInAt, withoutAttempt } from '../sign-in.ts'
import type { SignInRow } from './rows.ts'
import type { Key, Step } from './step.ts'

/**
 * Counts a sign-in attempt as failed until it is forgiven, unless one of its names has failed too often. The names are hashes of the
 * client's network and of the key. Returns whether the attempt is allowed.
 */
export function beginSignIn(names: readonly string[], at: number): Step<boolean> {
  return {
    keys: names.map(keyOf),
    decide(facts) {
      const rows = names.map((name) => facts.find('signIns', name))
      const failures = countSignIn(
        rows.map((row) => row?.times ?? []),
        at,
      )
      if (failures === null) return { result: false, changes: {} }
      const signIns = names.map((name, index): SignInRow => ({ name, times: failures[index] ?? [] }))
      const insert = { signIns: signIns.filter((_, index) => rows[index] === undefined) }
      const update = { signIns: signIns.filter((_, index) => rows[index] !== undefined) }
      return { result: true, changes: { insert, update, other: { signInsSince: lastExpiredSignInAt(at) } } }
    },
  }
}

/** Removes the attempt that began at this time from the failures, because it succeeded. */
export function forgiveSignIn(names: readonly string[], at: number): Step<void> {
  return {
    keys: names.map(keyOf),
    decide(facts) {
      const rows = names.flatMap((name) => facts.find('signIns', name) ?? [])
      const signIns = rows.map(({ name, times }): SignInRow => ({ name, times: withoutAttempt(times, at) }))
      const update = { signIns: signIns.filter(({ times }) => times.length > 0) }
      const remove = { signIns: signIns.flatMap(({ name, times }) => (times.length === 0 ? [name] : [])) }
      return { result: undefined, changes: { update, remove } }
    },
  }
}

function keyOf(name: string): Key {
  return ['signIns', name]
}
