import { afterEach, expect } from 'vitest'
import { takeExchangeFaults } from './watch-exchanges.ts'

// Runs before each test file. In a module that test files share, `afterEach` would apply only to the first of them.
afterEach(() => {
  expect(takeExchangeFaults()).toEqual([])
})
