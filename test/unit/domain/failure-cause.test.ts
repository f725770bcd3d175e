import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { causeOf, UNTOLD_CAUSE } from '../../../src/domain/failure-cause.ts'
import { failureCause } from '../../../src/sandbox/extensions/failure-cause.ts'

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
  ])('of the webhook of %s is %s', (fixture, cause) => {
    expect(causeOf(errorOf(fixture))).toBe(cause)
  })

  test('is told for every webhook of a failure that is known', () => {
    const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith('-failure.json'))
    expect(fixtures.length).toBeGreaterThanOrEqual(5)
    for (const name of fixtures)
      expect(causeOf(errorOf(name.replace('-failure.json', '')))).not.toBe(UNTOLD_CAUSE)
  })

  test.each([
    ['remove-bg', 'unknown_foreground'],
    ['aws-auto-tagging', 'image_too_large'],
    ['google-auto-tagging', 'bad_image_data'],
    ['ai-auto-description', 'description_not_generated'],
    ['ai-tasks', 'tasks_not_evaluated'],
    ['another', 'processing_failed'],
  ])('of what the sandbox says of %s is %s', (extension, cause) => {
    expect(causeOf(failureCause(extension))).toBe(cause)
  })

  test.each([
    [{ reason: 'quota_exceeded', code: 'E1', message: 'm' }, 'quota_exceeded'],
    [{ reason: 'The quota is used up.', code: 'E1' }, 'E1'],
    [{ code: 429, message: 'Too many requests' }, 'Too many requests'],
    [{ reason: 'no word', message: 7 }, 'no word'],
    ['It went wrong', 'It went wrong'],
    [{ code: 'x'.repeat(65), message: 'long' }, 'long'],
  ])('of %j is %s: a word before a sentence', (error, cause) => {
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
  ])('of %j is not told', (error) => {
    expect(causeOf(error)).toBe(UNTOLD_CAUSE)
  })

  test('is the same where only addresses, quoted names, ids and large numbers differ', () => {
    const say = (id: string, name: string, count: number) =>
      `Could not read https://ik.imagekit.io/${id}/${encodeURI(name)} of '${name}' ("${id}", \`${name}\`): ${count} bytes`
    const one = causeOf({ message: say('598821f949c0a938d57563bd', 'cat.png', 123_456) })
    expect(one).toBe(causeOf({ message: say('5effaa5662679b5af2c58829', 'a dog.jpg', 99_999) }))
    expect(one).toBe('Could not read … of … (…, …): … bytes')
  })

  test('keeps small numbers, which tell causes apart, and apostrophes', () => {
    expect(causeOf('Status 404: the file isn’t there, it can\'t be "x"')).toBe(
      "Status 404: the file isn’t there, it can't be …",
    )
    expect(causeOf("the provider's answer was 503")).toBe("the provider's answer was 503")
  })

  test('is one line of at most 120 characters, whatever is told', () => {
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
