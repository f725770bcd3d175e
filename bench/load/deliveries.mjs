// What ImageKit sends, of the shape that its documentation shows, 1,200 bytes each. One in twenty-five tells of a failure.
import { createHmac } from 'node:crypto'
import { createCapabilityTokens } from '../../dist/tracking/capability-tokens.js'
import { SECRETS } from '../servers/secrets.mjs'
import { postRequest } from './request-file.mjs'

const BODY_BYTES = 1_200
const EXTENSION = 'remove-bg'
const { webhook } = createCapabilityTokens([SECRETS.TRACKER_TOKEN_SECRET])

/** Ids follow their number, as those of a real service follow the time. */
export function submissionIdOf(index) {
  return `0197f3c2-5a00-7000-8000-${hex(index)}`
}

export function indexOf(submissionId) {
  return Number.parseInt(submissionId.slice(-12), 16)
}

export function fileIdOf(index) {
  return `68656c6c6f00${hex(index)}`
}

export function submissionOf(index, at) {
  return {
    submissionId: submissionIdOf(index),
    kind: 'upload',
    fileId: fileIdOf(index),
    fileName: `IMG_${index}.jpg`,
    extensions: [{ name: EXTENSION }],
    callerWebhookUrl: null,
    keyName: 'default',
    setsDescription: false,
    at,
    attempt: 1,
    dueAt: at + 600_000,
  }
}

/** For the tracker, and whoever else checks its token. */
export function trackerDelivery(index) {
  return postRequest(deliveryPath(index), { 'User-Agent': 'ImageKit' }, bodyOf(index))
}

/** The same, after which its sender leaves. */
export function closingDelivery(index) {
  const headers = { 'User-Agent': 'ImageKit', Connection: 'close' }
  return postRequest(deliveryPath(index), headers, bodyOf(index))
}

export function deliveryPath(index) {
  const id = submissionIdOf(index)
  return `/webhooks/extension/${id}.${webhook.sign(id)}`
}

/** Signed as GitHub does, for `@octokit/webhooks` and Debian's `webhook`. */
export function githubDelivery(path) {
  return (index) => {
    const body = bodyOf(index)
    const mac = createHmac('sha256', SECRETS.TRACKER_TOKEN_SECRET).update(body).digest('hex')
    const headers = {
      'User-Agent': 'GitHub-Hookshot/044aadd',
      'X-GitHub-Event': 'ping',
      'X-GitHub-Delivery': submissionIdOf(index),
      'X-Hub-Signature-256': `sha256=${mac}`,
    }
    return postRequest(path, headers, body)
  }
}

export function bodyOf(index) {
  const fileId = fileIdOf(index)
  const text =
    index % 25 === 0
      ? JSON.stringify({ service: EXTENSION, status: 'FAILURE', fileId, error: FAILURE })
      : JSON.stringify({ service: EXTENSION, status: 'SUCCESS', fileObject: fileObjectOf(fileId, index) })
  if (text.length > BODY_BYTES) throw new Error(`a delivery has ${text.length} bytes`)
  return text.padEnd(BODY_BYTES)
}

const FAILURE = {
  message: 'The foreground could not be told from its background.',
  code: 'unknown_foreground',
}

function fileObjectOf(fileId, index) {
  const name = `IMG_${hex(index)}.jpg`
  return {
    type: 'file',
    name,
    createdAt: '2026-07-01T08:15:30.112Z',
    updatedAt: '2026-07-01T08:15:42.907Z',
    fileId,
    tags: ['t-shirt', 'round-neck', 'men'],
    AITags: ['Clothing', 'Sleeve', 'Collar', 'Pattern'].map((tag) => ({
      name: tag,
      confidence: 97.41,
      source: 'aws-auto-tagging',
    })),
    versionInfo: { id: fileId, name: 'Version 2' },
    embeddedMetadata: { DateCreated: '2026-07-01T08:15:30.112Z' },
    isPublished: true,
    customCoordinates: null,
    customMetadata: { brand: 'Nike', color: 'red' },
    isPrivateFile: false,
    url: `https://ik.imagekit.io/demo/products/${name}`,
    thumbnail: `https://ik.imagekit.io/demo/tr:n-ik_ml_thumbnail/products/${name}`,
    fileType: 'image',
    filePath: `/products/${name}`,
    height: 1600,
    width: 1200,
    size: 381_239,
    hasAlpha: true,
    mime: 'image/png',
  }
}

function hex(index) {
  return index.toString(16).padStart(12, '0')
}
