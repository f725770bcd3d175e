import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatId, ID_PATTERN, type IdKind, numberOf, parseId } from '../../../src/domain/ids.ts'

/** 64 random bits, in base64url. */
const CHECK = 'AbCdEfGhIjk'
const KINDS: IdKind[] = ['run', 'sub', 'dlv']
const kind = fc.constantFrom(...KINDS)
const number = fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.maxSafeInteger().map(toPositive))
const check = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

function toPositive(integer: number): number {
  return Math.max(1, Math.abs(integer))
}

test('An id consists of its kind, the number of its row and 64 random bits', () => {
  expect(formatId('run', 12, CHECK)).toBe('run_12_AbCdEfGhIjk')
  expect(randomBytes(8).toString('base64url')).toHaveLength(CHECK.length)
})

test('An id can be parsed back, but only as its own kind', () => {
  fc.assert(
    fc.property(kind, number, check, (ownKind, ...parts) => {
      const id = formatId(ownKind, ...parts)
      expect(numberOf(id)).toBe(parts[0])
      for (const parsedKind of KINDS)
        expect(parseId(parsedKind, id)).toEqual(
          parsedKind === ownKind ? { number: parts[0], check: parts[1] } : undefined,
        )
    }),
  )
})

test('A text is parsed only if it is exactly what formatId writes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^run_[0-9]{0,18}_[A-Za-z0-9_-]{9,12}$/)), (text) => {
      const parsed = parseId('run', text)
      if (parsed) expect(formatId('run', parsed.number, parsed.check)).toBe(text)
    }),
  )
})

describe('An id cannot be', () => {
  test.each([
    ['an empty text', ''],
    ['a UUID', '0190a5f2-7d9c-7c3e-9a55-2f6c1d1e4b11'],
    ['of an unknown kind', `del_12_${CHECK}`],
    ['in upper case', `RUN_12_${CHECK}`],
    ['without a number', `run__${CHECK}`],
    ['numbered 0', `run_0_${CHECK}`],
    ['numbered with a leading zero', `run_012_${CHECK}`],
    ['numbered below zero', `run_-12_${CHECK}`],
    ['numbered in hexadecimal', `run_0x12_${CHECK}`],
    ['numbered with a fraction', `run_1.5_${CHECK}`],
    ['numbered with digits other than 0 to 9', `run_١٢_${CHECK}`],
    ['numbered beyond the safe integers', `run_9007199254740992_${CHECK}`],
    ['numbered with 400 digits', `run_${'9'.repeat(400)}_${CHECK}`],
    ['without random bits', 'run_12'],
    ['with too few random bits', `run_12_${CHECK.slice(1)}`],
    ['with too many random bits', `run_12_${CHECK}A`],
    ['with random bits in base64 instead of base64url', 'run_12_AbCd+fGh/jk'],
    ['with base64 padding', `run_12_${CHECK}=`],
    ['with one of the two unused bits of its last character set', 'run_12_AbCdEfGhIjl'],
    ['preceded by a space', ` run_12_${CHECK}`],
    ['followed by a line break', `run_12_${CHECK}\n`],
  ])('%s', (_, text) => {
    expect(parseId('run', text)).toBeUndefined()
  })
})

test('The greatest safe integer is a valid number', () => {
  const number = Number.MAX_SAFE_INTEGER
  expect(parseId('run', `run_9007199254740991_${CHECK}`)).toEqual({ number, check: CHECK })
})

test('Ids of every kind are found in a text, whatever surrounds them', () => {
  const ids = KINDS.map((idKind, index) => formatId(idKind, index + 1, CHECK))
  const [run = '', sub = '', dlv = ''] = ids
  const text = `msg_${run}: see (${sub}), "${dlv}". Not run_1, sub_01_${CHECK} or abc_1_${CHECK}.`
  expect(text.match(ID_PATTERN)).toEqual(ids)
  expect(`/webhooks/extension/${sub}.mac`.match(ID_PATTERN)).toEqual([sub])
})
