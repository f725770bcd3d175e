import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readFileFacts } from '../../../src/imagekit/file-facts.ts'
import { readResponse } from '../../../src/imagekit/read-response.ts'

const FILE = '5effaa5662679b5af2c58829'
const NO_FACTS = {
  versionId: null,
  versionName: null,
  aiTags: {},
  description: null,
  updatedAt: null,
  hasAlpha: null,
}

function fileObject(name: string): unknown {
  const url = new URL(`../../fixtures/webhooks/${name}-success.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')).fileObject
}

describe('the facts of a file', () => {
  test('are read from file objects of the shape that ImageKit documents', () => {
    expect(readFileFacts(fileObject('aws-auto-tagging'))).toEqual({
      fileId: FILE,
      versionId: FILE,
      versionName: 'Version 1',
      aiTags: { 'aws-auto-tagging': ['Shirt', 'Tshirt', 'Sleeve'] },
      description: null,
      updatedAt: '2026-07-01T08:15:42.907Z',
      hasAlpha: false,
    })
    expect(readFileFacts(fileObject('ai-auto-description'))).toMatchObject({
      aiTags: {},
      description: 'A red T-shirt on a white background.',
    })
    expect(readFileFacts(fileObject('remove-bg'))).toMatchObject({
      versionName: 'Version 2',
      hasAlpha: true,
    })
  })

  test('equal those of the baseline for the same file object', () => {
    for (const name of ['aws-auto-tagging', 'ai-auto-description', 'remove-bg', 'ai-tasks']) {
      const object = fileObject(name)
      const response = readResponse(200, JSON.stringify(object), null)
      if (response.kind !== 'accepted') throw new Error(response.kind)
      const { fileId, hasAlpha: _, ...facts } = readFileFacts(object) ?? { fileId: null, hasAlpha: null }
      expect(fileId).toBe(response.fileId)
      expect(response.baseline).toMatchObject(facts)
    }
  })

  test('group the tags by source, in order', () => {
    const AITags = [
      { name: 'Shirt', source: 'aws-auto-tagging', confidence: 90 },
      { name: 'Cloth', source: 'google-auto-tagging', confidence: 80 },
      { name: 'Sleeve', source: 'aws-auto-tagging', confidence: 70 },
      { name: 'Odd', source: 'constructor' },
    ]
    expect(readFileFacts({ fileId: FILE, AITags })?.aiTags).toEqual({
      'aws-auto-tagging': ['Shirt', 'Sleeve'],
      'google-auto-tagging': ['Cloth'],
      constructor: ['Odd'],
    })
  })

  test('are empty if the object has only a fileId, or its other fields are null', () => {
    expect(readFileFacts({ fileId: FILE })).toEqual({ fileId: FILE, ...NO_FACTS })
    const nulls = {
      fileId: FILE,
      versionInfo: null,
      AITags: null,
      description: null,
      updatedAt: null,
      hasAlpha: null,
    }
    expect(readFileFacts(nulls)).toEqual({ fileId: FILE, ...NO_FACTS })
  })

  test('leave out unreadable fields and keep the rest', () => {
    const AITags = [null, 'Shirt', { name: 'No source' }, { source: 'x' }, { name: 'Shirt', source: 'x' }]
    const odd = {
      fileId: FILE,
      versionInfo: 'Version 1',
      AITags,
      description: 7,
      updatedAt: {},
      hasAlpha: 'no',
    }
    expect(readFileFacts(odd)).toEqual({ fileId: FILE, ...NO_FACTS, aiTags: { x: ['Shirt'] } })
    expect(readFileFacts({ fileId: FILE, AITags: 'Shirt' })?.aiTags).toEqual({})
  })

  test.each([null, undefined, 7, 'text', [], {}, { fileId: '' }, { fileId: 7 }, { fileId: 'x'.repeat(257) }])(
    'are undefined if the object has no valid fileId: %j',
    (object) => {
      expect(readFileFacts(object)).toBeUndefined()
    },
  )
})
