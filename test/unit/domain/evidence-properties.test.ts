import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConcurrentChange } from '../../../src/domain/concurrent-change.ts'
import { type FileFacts, findEvidence } from '../../../src/domain/evidence.ts'
import type { Baseline } from '../../../src/domain/submission.ts'

const NAMES = ['aws-auto-tagging', 'remove-bg', 'ai-auto-description', 'ai-tasks', 'saved-extension', 'new']

const name = fc.constantFrom(...NAMES)
const run = fc.record({ name, siblings: fc.uniqueArray(name), mayFillBackground: fc.boolean() })
const tags = fc.dictionary(name, fc.uniqueArray(fc.constantFrom('Shirt', 'Sleeve', 'Hat')))
const reported = {
  versionId: fc.constantFrom(null, 'v1', 'v2', 'v3'),
  versionName: fc.constantFrom(null, 'Version 1', 'Version 2', 'Version 3', 'odd'),
  aiTags: tags,
  description: fc.constantFrom(null, '', 'A shirt.', 'A hat.'),
  updatedAt: fc.constantFrom(null, '2026-07-01T08:15:42.907Z'),
}
const facts: fc.Arbitrary<FileFacts> = fc.record({
  fileId: fc.constant('file-1'),
  hasAlpha: fc.constantFrom(null, false, true),
  ...reported,
})
const nothing = fc.constant(null)
const baseline: fc.Arbitrary<Baseline> = fc.record({
  ...reported,
  tags: nothing,
  customMetadata: nothing,
  url: nothing,
})
const other: fc.Arbitrary<ConcurrentChange> = fc.record({
  submissionId: fc.constant('submission-2'),
  replacesFile: fc.boolean(),
  setsDescription: fc.boolean(),
  extensions: fc.uniqueArray(name),
})
const others = fc.array(other, { maxLength: 3 })

describe('evidence', () => {
  test('is never found in a file in which nothing but `updatedAt` has changed', () => {
    fc.assert(
      fc.property(
        run,
        baseline,
        others,
        fc.option(fc.string()),
        (assessed, before, knownOthers, updatedAt) => {
          const { versionId, versionName, aiTags, description } = before
          const file = {
            fileId: 'file-1',
            hasAlpha: null,
            versionId,
            versionName,
            aiTags,
            description,
            updatedAt,
          }
          expect(findEvidence(assessed, before, file, knownOthers)).toBeNull()
        },
      ),
    )
  })

  test('stays the same or disappears when another submission that cannot run remove-bg becomes known: it never appears', () => {
    fc.assert(
      fc.property(run, baseline, facts, others, other, (assessed, before, file, knownOthers, more) => {
        // With remove-bg in the other submission, a new version counts as the result of that remove-bg, not as somebody else's upload.
        // Then evidence for other extensions, which such an upload would explain, may appear.
        fc.pre(!more.extensions.some((extension) => /remove-bg|saved-extension/.test(extension)))
        const first = findEvidence(assessed, before, file, knownOthers)
        const then = findEvidence(assessed, before, file, [...knownOthers, more])
        if (then !== null) expect(then).toEqual(first)
      }),
      { numRuns: 1000 },
    )
  })

  test('does not depend on the order of the other submissions', () => {
    fc.assert(
      fc.property(run, baseline, facts, others, (assessed, before, file, knownOthers) => {
        const reversed = findEvidence(assessed, before, file, knownOthers.toReversed())
        expect(reversed).toEqual(findEvidence(assessed, before, file, knownOthers))
      }),
    )
  })

  test('of a tagger does not disappear when more tags are added', () => {
    const tagger = run.filter(({ name: extension }) => extension === 'aws-auto-tagging')
    fc.assert(
      fc.property(tagger, baseline, facts, others, tags, (assessed, before, file, knownOthers, more) => {
        const first = findEvidence(assessed, before, file, knownOthers)
        fc.pre(first !== null)
        const sources = new Set([...Object.keys(file.aiTags), ...Object.keys(more)])
        const aiTags = Object.fromEntries(
          [...sources].map((source) => [source, [...(file.aiTags[source] ?? []), ...(more[source] ?? [])]]),
        )
        expect(findEvidence(assessed, before, { ...file, aiTags }, knownOthers)).not.toBeNull()
      }),
    )
  })

  test('can be stored as JSON', () => {
    fc.assert(
      fc.property(run, baseline, facts, (assessed, before, file) => {
        const evidence = findEvidence(assessed, before, file, [])
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence)
      }),
    )
  })
})
