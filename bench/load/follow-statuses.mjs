import { READER } from '../servers/secrets.mjs'
import { ask } from './ask.mjs'
import { fileIdOf } from './deliveries.mjs'

const FOLLOWERS = 8
/** As often a settled status is asked for again. */
const AGAIN = 3

/** Polls assets from number `first` on until they are settled, and on; `stop` resolves with how many statuses went back. */
export function followStatuses(url, first) {
  const seen = { assets: 0, settled: 0, wentBack: 0 }
  let isOver = false
  const follow = async (offset) => {
    for (let index = first + offset; !isOver; index += FOLLOWERS) {
      seen.assets += 1
      let isSettled = false
      for (let left = AGAIN; left > 0 && !isOver; ) {
        const { text } = await ask(`${url}/assets/${fileIdOf(index)}/status`, { headers: READER })
        const isPending = JSON.parse(text).status === 'pending'
        if (isSettled && isPending) seen.wentBack += 1
        if (!isPending) left -= 1
        if (!isPending && !isSettled) seen.settled += 1
        isSettled ||= !isPending
      }
    }
  }
  const followed = Promise.all(Array.from({ length: FOLLOWERS }, (_, offset) => follow(offset)))
  return async () => {
    isOver = true
    await followed
    return seen
  }
}
