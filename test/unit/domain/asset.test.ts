import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssetFacts, describeAsset } from '../../../src/domain/asset.ts'
import type { Run, RunStatus } from '../../../src/domain/run.ts'
import { aRun, frozen } from './facts.ts'

const STATUSES: readonly RunStatus[] = ['pending', 'failed', 'expired', 'success']

function assetOf(...runs: Run[]): AssetFacts {
  return frozen({ fileId: 'file-1', recordedAt: 500, runs })
}

function statusOf(...statuses: RunStatus[]): string {
  return describeAsset(
    assetOf(...statuses.map((status, index) => aRun({ name: `extension-${index}`, status }))),
  ).status
}

describe("an asset's status", () => {
  test('is pending if any current run is pending', () => {
    for (const other of STATUSES) {
      expect(statusOf('pending', other)).toBe('pending')
      expect(statusOf(other, 'pending')).toBe('pending')
    }
  })

  test('is failed if none is pending and any has failed', () => {
    for (const other of STATUSES.filter((status) => status !== 'pending')) {
      expect(statusOf('failed', other)).toBe('failed')
      expect(statusOf(other, 'failed')).toBe('failed')
    }
  })

  test('is expired if none is pending or failed and any has expired', () => {
    expect(statusOf('expired', 'success')).toBe('expired')
    expect(statusOf('success', 'expired')).toBe('expired')
  })

  test('is success if all succeeded', () => {
    expect(statusOf('success')).toBe('success')
    expect(statusOf('success', 'success')).toBe('success')
  })

  test('is none if the asset is known but no extension was ever requested', () => {
    expect(describeAsset(assetOf())).toEqual({ fileId: 'file-1', status: 'none', runs: [], updatedAt: 500 })
  })

  test('does not depend on the order of the extensions', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom(...STATUSES), { minLength: 1 })
          .chain((some) =>
            fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
          ),
        ([some, shuffled]) => statusOf(...some) === statusOf(...shuffled),
      ),
    )
  })
})

describe('the current run of an asset and an extension', () => {
  const failed = aRun({ runId: 'old', submissionId: 'submission-1', status: 'failed' })
  const pending = aRun({ runId: 'new', submissionId: 'submission-2', status: 'pending' })

  test('belongs to the newest submission that requested the extension; older runs are history', () => {
    const asset = describeAsset(assetOf(failed, pending))
    expect(asset.runs).toEqual([pending])
    expect(asset.status).toBe('pending')
  })

  test('is the newest by insertion, never by clock', () => {
    const later = { requestedAt: 9_000, updatedAt: 9_000, settledAt: 9_000 }
    const asset = describeAsset(assetOf({ ...failed, ...later }, pending))
    expect(asset.runs.map((run) => run.runId)).toEqual(['new'])
    expect(asset.updatedAt).toBe(pending.updatedAt)
  })

  test('stays current if a newer submission requested another extension', () => {
    const other = aRun({ runId: 'other', submissionId: 'submission-2', name: 'ai-tasks', status: 'success' })
    const asset = describeAsset(assetOf(failed, other))
    expect(asset.runs.map((run) => run.runId)).toEqual(['old', 'other'])
    expect(asset.status).toBe('failed')
  })

  test('is listed at its own place in the order of insertion, not at that of the run that it replaces', () => {
    const other = aRun({ runId: 'other', name: 'ai-tasks' })
    const asset = describeAsset(assetOf(failed, other, pending))
    expect(asset.runs.map((run) => run.runId)).toEqual(['other', 'new'])
  })

  test('is the last run with its name, one for each name, if no saved extension is involved', () => {
    const runs = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c'), status: fc.constantFrom(...STATUSES) }),
    )
    fc.assert(
      fc.property(runs, (some) => {
        const all = some.map((facts, index) => aRun({ ...facts, runId: `run-${index}` }))
        const current = describeAsset(assetOf(...all)).runs
        expect(new Set(current)).toEqual(
          new Set(all.filter((run, index) => !all.slice(index + 1).some((newer) => newer.name === run.name))),
        )
        expect(current.length).toBe(new Set(all.map((run) => run.name)).size)
      }),
    )
  })
})

test('the updatedAt of an asset is the latest one of its current runs', () => {
  const first = aRun({ name: 'remove-bg', updatedAt: 7_000 })
  const second = aRun({ name: 'ai-tasks', updatedAt: 6_000 })
  expect(describeAsset(assetOf(first, second)).updatedAt).toBe(7_000)
  expect(describeAsset(assetOf(second, first)).updatedAt).toBe(7_000)
})
