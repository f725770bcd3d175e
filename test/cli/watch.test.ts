import { expect, test } from 'vitest'
import { findNew } from '../../src/cli/operators/watch.ts'

/** The new items of a list that is full, and so cut off, at three items. */
const newIn = (listed: string[], seen: string[]) => findNew(listed, new Set(seen), (id) => id, 3)

test('in a list that is not full, every item that was not seen is new', () => {
  expect(newIn(['c', 'a'], ['a'])).toEqual(['c'])
  expect(newIn(['b', 'a'], ['b'])).toEqual(['a'])
})

test('in a full list, items after the last seen one are old, because they moved up as newer ones left the list', () => {
  expect(newIn(['d', 'c', 'a'], ['c'])).toEqual(['d'])
})

test('in a full list without a seen item, every item is new', () => {
  expect(newIn(['d', 'c', 'b'], ['a'])).toEqual(['d', 'c', 'b'])
})
