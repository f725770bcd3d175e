import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAccountEvent } from '../../../src/imagekit/account-event.ts'

const FILE = '5effaa5662679b5af2c58829'
const REQUEST = 'fa98fa2e-d6cd-45b4-acf5-bc1d2bbb8ba9'

type Payload = { [key: string]: unknown }

function example(name: string): Payload {
  return JSON.parse(
    readFileSync(new URL(`../../fixtures/webhooks/account-${name}.json`, import.meta.url), 'utf8'),
  )
}

function eventId(lastDigit: number): string {
  return `0b8a3c52-6f0e-4d0b-9a55-1f6f3a4f9c0${lastDigit}`
}

describe('a file event', () => {
  test.each([
    ['file-updated', 'file.updated', 2],
    ['file-deleted', 'file.deleted', 3],
    ['file-version-created', 'file-version.created', 4],
    ['file-version-deleted', 'file-version.deleted', 5],
  ])('%s is a change to the file that it names', (name, type, id) => {
    const event = readAccountEvent(example(name))
    expect(event).toEqual({ kind: 'asset', eventId: eventId(id), type, fileId: FILE })
  })

  test('of a new file is not a change', () => {
    const event = readAccountEvent(example('file-created'))
    expect(event).toEqual({ kind: 'other', eventId: eventId(1), type: 'file.created', fileId: FILE })
  })

  test.each(['', 'a\0b', 'x'.repeat(129), '..', 'status'])(
    'with the invalid fileId %j counts as an event of another kind',
    (fileId) => {
      const event = readAccountEvent({ type: 'file.updated', data: { fileId } })
      expect(event).toEqual({ kind: 'other', eventId: null, type: 'file.updated' })
    },
  )

  test('of an unknown type counts as a change, too', () => {
    const moved = { type: 'file.moved', data: { fileId: FILE } }
    expect(readAccountEvent(moved)).toEqual({
      kind: 'asset',
      eventId: null,
      type: 'file.moved',
      fileId: FILE,
    })
  })

  test.each([undefined, null, {}, { fileId: '' }, { fileId: 7 }, { fileId: 'x'.repeat(129) }, [FILE], FILE])(
    'without a valid fileId (%j) counts as an event of another kind',
    (data) => {
      const event = readAccountEvent({ ...example('file-updated'), data })
      expect(event).toEqual({ kind: 'other', eventId: eventId(2), type: 'file.updated' })
    },
  )

  test('is recognised only by a type that begins with exactly `file.` or `file-version.`', () => {
    for (const type of ['file', 'files.created', 'file-versions.created', 'profile.updated', 'FILE.CREATED'])
      expect(readAccountEvent({ type, data: { fileId: FILE } })).toMatchObject({ kind: 'other', type })
  })
})

describe('the result of a queued upload', () => {
  test('that succeeded is read as the response to the upload, with the request id', () => {
    expect(readAccountEvent(example('pre-transform-success'))).toEqual({
      kind: 'upload_finished',
      eventId: eventId(6),
      type: 'upload.pre-transform.success',
      requestId: REQUEST,
      response: {
        kind: 'accepted',
        fileId: FILE,
        fileName: 'shirt.mp4',
        requestId: REQUEST,
        extensionStatus: { 'ai-tasks': 'pending', 'ai-auto-description': 'success' },
        baseline: {
          versionId: FILE,
          versionName: 'Version 1',
          aiTags: {},
          description: 'A red T-shirt turns round.',
          tags: null,
          customMetadata: null,
          updatedAt: null,
          url: 'https://ik.imagekit.io/demo/products/shirt.mp4',
        },
      },
    })
  })

  test('that failed is read as a rejection, with the reason', () => {
    const message = 'The pre-transformation failed: encoding_failed'
    expect(readAccountEvent(example('pre-transform-error'))).toEqual({
      kind: 'upload_finished',
      eventId: eventId(7),
      type: 'upload.pre-transform.error',
      requestId: REQUEST,
      response: {
        kind: 'rejected',
        requestId: REQUEST,
        error: { code: 'pre_transformation_failed', message, status: null },
      },
    })
  })

  test.each([undefined, {}, { transformation: { error: 'encoding_failed' } }, 'no'])(
    'that failed without a reason (%j) is still a rejection',
    (data) => {
      const message = 'The pre-transformation failed: no reason given'
      expect(readAccountEvent({ ...example('pre-transform-error'), data })).toMatchObject({
        kind: 'upload_finished',
        response: { kind: 'rejected', error: { message } },
      })
    },
  )

  test.each(['success', 'error'])(
    '(%s) without a request id counts as an event of another kind',
    (result) => {
      for (const request of [undefined, null, {}, { x_request_id: '' }, { x_request_id: 7 }]) {
        const event = readAccountEvent({ ...example(`pre-transform-${result}`), request })
        expect(event).toMatchObject({ kind: 'other', type: `upload.pre-transform.${result}` })
      }
    },
  )

  test.each([
    undefined,
    {},
    { name: 'shirt.mp4' },
    { fileId: '' },
    { message: 'No.' },
    { message: 'The pre-transformation has been queued successfully.' },
  ])('that succeeded but names no file (%j) counts as an event of another kind', (data) => {
    expect(readAccountEvent({ ...example('pre-transform-success'), data })).toMatchObject({ kind: 'other' })
  })
})

describe('any other event', () => {
  test.each([
    ['post-transform-success', 'upload.post-transform.success', eventId(8), { fileId: FILE }],
    ['post-transform-error', 'upload.post-transform.error', eventId(9), { fileId: FILE }],
    [
      'video-transformation-accepted',
      'video.transformation.accepted',
      '58e6d24d-6098-4319-be8d-40c3cb0a402d',
      {},
    ],
  ])('%s is read with its id, its type and, if it names one, its file', (name, type, id, file) => {
    expect(readAccountEvent(example(name))).toEqual({ kind: 'other', eventId: id, type, ...file })
  })

  test.each([null, undefined, 7, 'text', [], [{}], {}, { type: 7, id: {} }, { type: '' }])(
    'of an unknown shape (%j) has neither id nor type',
    (payload) => {
      expect(readAccountEvent(payload)).toEqual({ kind: 'other', eventId: null, type: null })
    },
  )

  test('has the id or the type if only one of them can be read', () => {
    expect(readAccountEvent({ id: 'a' })).toEqual({ kind: 'other', eventId: 'a', type: null })
    expect(readAccountEvent({ type: 'b' })).toEqual({ kind: 'other', eventId: null, type: 'b' })
    const tooLong = { id: 'x'.repeat(257), type: 'b' }
    expect(readAccountEvent(tooLong)).toEqual({ kind: 'other', eventId: null, type: 'b' })
  })
})

describe('a payload', () => {
  test('of any JSON is read without an error', () => {
    const types = ['file.updated', 'upload.pre-transform.success', 'upload.pre-transform.error', 'x']
    const data = fc.jsonValue()
    const request = fc.oneof(data, fc.record({ x_request_id: data }), fc.constant({ x_request_id: REQUEST }))
    const payload = fc.oneof(data, fc.record({ type: fc.constantFrom(...types), id: data, request, data }))
    fc.assert(
      fc.property(payload, (value) => {
        expect(['asset', 'upload_finished', 'other']).toContain(readAccountEvent(value).kind)
      }),
    )
  })

  test('of any depth is read without an error', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const data: unknown = JSON.parse(`{"fileId":"${FILE}","deep":${deep}}`)
    expect(readAccountEvent({ type: 'file.updated', data })).toMatchObject({ kind: 'asset', fileId: FILE })
    const success = { ...example('pre-transform-success'), data }
    expect(readAccountEvent(success)).toMatchObject({ kind: 'upload_finished', response: { fileId: FILE } })
  })
})
