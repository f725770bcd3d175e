import { createRandom } from '../chaos.ts'

/** Random choices that are the same for the same seed. */
export type Dice = {
  chance(probability: number): boolean
  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number
  pick<T>(list: readonly T[]): T
  bytes(length: number): Buffer
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  return {
    chance: (probability) => random() < probability,
    below,
    pick(list) {
      const picked = list[below(list.length)]
      if (picked === undefined) throw new Error('nothing to pick from')
      return picked
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}

/** Up to four times, flips one bit in each of some bytes, removes or repeats them, inserts others, or cuts off the rest. */
export function mutate(dice: Dice, bytes: Buffer, inserts: readonly string[]): Buffer {
  let mutated = bytes
  for (let times = 1 + dice.below(4); times > 0; times -= 1) {
    const at = dice.below(mutated.length + 1)
    const until = Math.min(mutated.length, at + 1 + dice.below(16))
    const [before, within, after] = [
      mutated.subarray(0, at),
      mutated.subarray(at, until),
      mutated.subarray(until),
    ]
    const change = dice.pick(['flip', 'cut', 'double', 'insert', 'insert', 'end'] as const)
    if (change === 'flip')
      mutated = Buffer.concat([before, within.map((byte) => byte ^ (1 << dice.below(8))), after])
    if (change === 'cut') mutated = Buffer.concat([before, after])
    if (change === 'double') mutated = Buffer.concat([before, within, within, after])
    if (change === 'insert')
      mutated = Buffer.concat([before, Buffer.from(dice.pick(inserts), 'latin1'), within, after])
    if (change === 'end' && dice.chance(0.2)) mutated = before
  }
  return mutated
}
