import { describe, expect, test } from 'vitest'
import { numberOf } from '../../src/domain/ids.ts'
import type { RunFilter } from '../../src/domain/run-filter.ts'
import { newSubmission, unaccepted, unknownIds } from './builders.ts'
import { deliverResult, listEveryRun, listFileNames, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeOperatorsSearch(current: () => StoreFixture): void {
  const submitNamed = async (...fileNames: string[]) => {
    for (const fileName of fileNames) await submitWithRuns(current().store, ['remove-bg'], { fileName })
  }
  const find = (q: string) => listFileNames(current().store, { q })

  describe('a search', () => {
    test('finds file names by prefix, ignoring the case of A to Z, and not by other parts', async () => {
      await submitNamed('Cat.png', 'cAT2.png', 'bobcat.png', 'ca.png', 'catalogue')
      expect(await find('CAt')).toEqual(['catalogue', 'cAT2.png', 'Cat.png'])
      expect(await find('cat.')).toEqual(['Cat.png'])
      expect(await find('cat.png.')).toEqual([])
    })

    test.each([
      ['100%_off.png', '100%', '100 off.png'],
      ['a_b.png', 'a_', 'axb.png'],
      ["o'neill.png", "o'", 'o”neill.png'],
      ['"quoted".png', '"q', 'quoted.png'],
      ['back\\slash.png', 'back\\', 'backs.png'],
      ['a*b?.png', 'a*b?', 'aab.png'],
      ['ÄPFEL.png', 'Ä', 'äpfel.png'],
      ['日本語.png', '日本', '日.png'],
      ['😀.png', '😀', '😁.png'],
      ['𐀀.png', '𐀀', '\uFFFD.png'],
    ])('treats every character of %s literally', async (fileName, q, other) => {
      await submitNamed(fileName, other)
      expect(await find(q)).toEqual([fileName])
    })

    test('finds a run, all runs of a submission and all runs of a file, by their complete ids only', async () => {
      const { store } = current()
      const one = await submitWithRuns(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1', fileName: 'a' })
      const two = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1', fileName: 'b' })
      await submitWithRuns(store, ['remove-bg'], { fileId: 'file-11', fileName: 'c' })
      expect(await listEveryRun(store, { q: one.runId })).toMatchObject([{ run: { runId: one.runId } }])
      expect(await find(one.submissionId)).toEqual(['a', 'a'])
      expect(await find('file-1')).toEqual(['b', 'a', 'a'])
      // The last of these texts becomes `FILE-1`, the id of a file in another case.
      for (const id of [one.runId, two.submissionId, 'file-1', 'FILE-11'])
        expect(await find(id.slice(0, -1))).toEqual([])
      // The id of a run has the random bits of its submission's id. If both rows have the same number, the variant of the run's id with
      // the prefix `sub_` is the submission's id. The empty text finds all runs.
      const unknownTexts = [...unknownIds(one.runId), ...unknownIds(two.submissionId)].filter(
        (text) => text !== '' && text !== one.submissionId,
      )
      for (const unknown of unknownTexts) expect(await find(unknown)).toEqual([])
    })

    test('finds both the runs of a file with this id and those of a file with this name', async () => {
      const { store } = current()
      const one = await submitWithRuns(store, ['remove-bg'], { fileId: 'cat', fileName: 'dog' })
      const two = await submitWithRuns(store, ['remove-bg'], { fileId: 'dog', fileName: 'cat' })
      const found = await listEveryRun(store, { q: 'cat' }, { limit: 1 })
      expect(found.map(({ run }) => run.runId)).toEqual([two.runId, one.runId])
    })

    test('finds runs of a rejected submission by exact ids, and never by file name', async () => {
      const { store } = current()
      const one = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1', fileName: 'cat.png' })
      await store.applyResponse(one.submissionId, unaccepted('rejected'), 2_000)
      await submitNamed('cat-2.png')
      for (const q of [one.runId, one.submissionId, 'file-1']) expect(await find(q)).toEqual(['cat.png'])
      expect(await find('cat')).toEqual(['cat-2.png'])
      expect(await listFileNames(store, { q: 'file-1', status: 'success' })).toEqual([])
      expect(await find('')).toEqual(['cat-2.png'])
    })

    test('goes through thousands of names with the same prefix, combined with other filters', async () => {
      const { store } = current()
      // More than `MAX_NAMED` names match, so the store searches windows of runs instead of the index of names.
      const requests = Array.from({ length: 5_400 }, (_, index) => {
        const fileName = index % 100 === 0 ? 'other.png' : `IMG_${index}.png`
        return newSubmission(['remove-bg'], { fileName, at: index })
      })
      const created = await Promise.all(
        requests.map(async (one, index) => ({ ...one, index, ...(await store.createSubmission(one)) })),
      )
      const failing = created.filter(({ index }) => index % 90 === 0)
      await Promise.all(
        failing.map(({ submissionId }) =>
          deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1' }),
        ),
      )
      const rejected = created[5_001]?.submissionId ?? ''
      await store.applyResponse(rejected, unaccepted('rejected'), 9_000)

      const expectImages = async (filter: Partial<RunFilter>, expected: typeof created, limit = 50) => {
        const found = await listEveryRun(store, { q: 'img_', ...filter }, { limit })
        const numbers = found.map(({ run }) => numberOf(run.runId))
        expect(numbers).toEqual(numbers.toSorted((one, other) => other - one))
        const images = expected.filter(({ fileName }) => fileName?.startsWith('IMG_'))
        const names = images.filter(({ submissionId }) => submissionId !== rejected).map(nameOf)
        expect(found.map(nameOf).toSorted()).toEqual(names.toSorted())
        return names.length
      }
      expect(await expectImages({}, created, 700)).toBeGreaterThan(5_000)
      await expectImages({ status: 'failed' }, failing)
      await expectImages({ status: 'expired' }, [])
      const early = created.filter(({ index }) => index < 1_500)
      await expectImages({ since: 0, until: 1_500 }, early)
    })
  })
}

function nameOf({ fileName }: { fileName: string | null }): string {
  return fileName ?? ''
}
