import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  causeOf,
  NO_CAUSE,
  OTHER_CAUSE,
  replaceRareCauses,
  shownCauses,
} from '../../../src/domain/failure-cause.ts'
import { errorOfExtension } from '../../../src/sandbox/webhooks/extension-webhook.ts'

const FOLDER = fileURLToPath(new URL('../../fixtures/webhooks', import.meta.url))

function errorOf(fixture: string) {
  return JSON.parse(readFileSync(`${FOLDER}/${fixture}-failure.json`, 'utf8')).error
}

describe('the cause of a failure', () => {
  test.each([
    ['remove-bg', 'unknown_foreground'],
    ['aws-auto-tagging', 'ImageTooLargeException'],
    ['google-auto-tagging', 'The image could not be read.'],
    ['ai-auto-description', 'The description could not be generated.'],
    ['ai-tasks', 'No task could be completed.'],
  ])('in the failure webhook of %s is %s', (fixture, cause) => {
    expect(causeOf(errorOf(fixture))).toBe(cause)
  })

  test('is found for every fixture of a failure webhook', () => {
    const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith('-failure.json'))
    expect(fixtures.length).toBeGreaterThanOrEqual(5)
    for (const name of fixtures)
      expect(causeOf(errorOf(name.replace('-failure.json', '')))).not.toBe(NO_CAUSE)
  })

  test.each([
    ['remove-bg', 'unknown_foreground'],
    ['aws-auto-tagging', 'image_too_large'],
    ['google-auto-tagging', 'bad_image_data'],
    ['ai-auto-description', 'description_not_generated'],
    ['ai-tasks', 'tasks_not_evaluated'],
    ['another', 'processing_failed'],
  ])('of the sandbox’s error for %s is %s', (extension, cause) => {
    expect(causeOf(errorOfExtension(extension))).toBe(cause)
  })

  test.each([
    [{ reason: 'quota_exceeded', code: 'E1', message: 'm' }, 'quota_exceeded'],
    [{ reason: 'The quota is used up.', code: 'E1' }, 'E1'],
    [{ code: 429, message: 'Too many requests' }, 'Too many requests'],
    [{ reason: 'not a code', message: 7 }, 'not a code'],
    ['It went wrong', 'It went wrong'],
    [{ code: 'x'.repeat(65), message: 'long' }, 'long'],
  ])('of the error %j is %s: its code if it has one, else its sentence', (error, cause) => {
    expect(causeOf(error)).toBe(cause)
  })

  test.each([
    null,
    7,
    [],
    ['reason'],
    {},
    { message: '' },
    { message: '   ' },
    { truncated: true, bytes: 20_000 },
  ])('of %j is unknown', (error) => {
    expect(causeOf(error)).toBe(NO_CAUSE)
  })

  test('is the same if only URLs, quoted names, ids and large numbers differ', () => {
    const messageFor = (id: string, name: string, count: number) =>
      `Could not read https://ik.imagekit.io/${id}/${encodeURI(name)} of '${name}' ("${id}", \`${name}\`): ${count} bytes`
    const one = causeOf({ message: messageFor('598821f949c0a938d57563bd', 'cat.png', 123_456) })
    expect(one).toBe(causeOf({ message: messageFor('5effaa5662679b5af2c58829', 'a dog.jpg', 99_999) }))
    expect(one).toBe('Could not read … of … (…, …): … bytes')
  })

  test('keeps small numbers, which distinguish causes, and apostrophes', () => {
    expect(causeOf('Status 404: the file isn’t there, it can\'t be "x"')).toBe(
      "Status 404: the file isn’t there, it can't be …",
    )
    expect(causeOf("the provider's answer was 503")).toBe("the provider's answer was 503")
  })

  test('is one line of 1 to 120 characters', () => {
    const text = fc.oneof(fc.string({ maxLength: 3_000 }), fc.string({ unit: 'grapheme', maxLength: 400 }))
    fc.assert(
      fc.property(text, (message) => {
        const cause = causeOf({ message })
        expect(Array.from(cause).length).toBeLessThanOrEqual(120)
        expect(cause.trim()).toBe(cause)
        expect(cause.length).toBeGreaterThan(0)
        expect(cause).not.toMatch(/[\n\r\t]/)
      }),
      { numRuns: 300 },
    )
    expect(causeOf('😀'.repeat(200))).toBe(`${'😀'.repeat(119)}…`)
  })
})

/** Causes of an extension, `E0` the most frequent. */
function causes(extension: string, count: number): { extension: string; cause: string; count: number }[] {
  return Array.from({ length: count }, (_, index) => ({
    extension,
    cause: `E${index}`,
    count: 1_000 - index,
  }))
}

describe('the shown causes', () => {
  test('are the hundred most frequent of each extension, whatever the order of the counts', () => {
    const counted = [...causes('a', 103), ...causes('b', 2)]
    const hundred = causes('a', 100).map(({ cause }) => cause)
    expect(shownCauses(counted, 'a')).toEqual(hundred)
    expect(shownCauses(counted.toReversed(), 'a')).toEqual(hundred)
    expect(shownCauses(counted, 'b')).toEqual(['E0', 'E1'])
    expect(shownCauses(counted, 'c')).toEqual([])
  })

  test('of all extensions are those shown for any of them, each once', () => {
    const rare = { extension: 'b', cause: 'E102', count: 1 }
    const shown = shownCauses([...causes('a', 103), rare, { ...rare, cause: 'E0' }], null)
    expect(shown).toHaveLength(101)
    expect(new Set(shown).size).toBe(101)
    expect([shown.includes('E102'), shown.includes('E101')]).toEqual([true, false])
  })

  test('are selected by the sum of their counts', () => {
    const parts = Array.from({ length: 3 }, () => ({ extension: 'a', cause: 'in parts', count: 400 }))
    expect(shownCauses([...causes('a', 100), ...parts], 'a')[0]).toBe('in parts')
    expect(shownCauses([...causes('a', 100), ...parts], 'a')).not.toContain('E99')
  })

  test('do not include the empty cause, nor `other`', () => {
    const none = { extension: 'a', cause: '', count: 9 }
    expect(shownCauses([none, { ...none, cause: OTHER_CAUSE }, { ...none, cause: 'E1' }], null)).toEqual([
      'E1',
    ])
  })
})

describe('replacing rare causes', () => {
  const withoutCause = { extension: 'a', cause: '', count: 5, status: 'success' }

  test('changes nothing if all causes are shown or empty', () => {
    const counted = [withoutCause, ...causes('b', 100)]
    expect(replaceRareCauses(counted)).toEqual(counted)
  })

  test('replaces the others with `other`, for each extension separately, without adding up their counts', () => {
    const replaced = replaceRareCauses([
      ...causes('a', 103),
      withoutCause,
      ...causes('b', 1),
      { ...withoutCause, cause: 'rare' },
    ])
    expect(replaced.slice(100)).toEqual([
      { extension: 'a', cause: OTHER_CAUSE, count: 900 },
      { extension: 'a', cause: OTHER_CAUSE, count: 899 },
      { extension: 'a', cause: OTHER_CAUSE, count: 898 },
      withoutCause,
      { extension: 'b', cause: 'E0', count: 1_000 },
      { ...withoutCause, cause: OTHER_CAUSE },
    ])
  })

  test('leaves at most 100 causes and `other` per extension, and keeps every count', () => {
    const one = fc.record({
      extension: fc.constantFrom('a', 'b', '__proto__'),
      cause: fc.oneof(fc.constantFrom('', OTHER_CAUSE, 'constructor'), fc.nat(400).map(String)),
      count: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 900, size: 'max' }), (counted) => {
        const replaced = replaceRareCauses(counted)
        const counts = (all: typeof counted) => all.map(({ extension, count }) => [extension, count])
        expect(counts(replaced)).toEqual(counts(counted))
        for (const extension of ['a', 'b', '__proto__']) {
          const ownCauses = replaced.filter((one) => one.extension === extension).map(({ cause }) => cause)
          expect(new Set(ownCauses.filter((cause) => cause !== '')).size).toBeLessThanOrEqual(101)
          const shown = new Set(shownCauses(counted, extension))
          for (const cause of ownCauses)
            expect(cause === '' || cause === OTHER_CAUSE || shown.has(cause)).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })
})
