import { isFileId } from '../domain/file-id.ts'
import { invalidQuery } from './invalid-query.ts'

const MAX_WAIT_SECONDS = 60
const MAX_ASSETS = 100

/** `?wait=`, converted to milliseconds; 0 without it. Throws `invalid_input`. */
export function parseWaitMs(query: URLSearchParams): number {
  const wait = query.get('wait')
  if (wait === null) return 0
  const seconds = /^\d+$/.test(wait) ? Number(wait) : Number.NaN
  if (seconds <= MAX_WAIT_SECONDS) return seconds * 1000
  throw invalidQuery('wait', `must be an integer from 0 to ${MAX_WAIT_SECONDS}, in seconds`)
}

/** All `?fileId=` values without repeats, in the order of the query. Throws `invalid_input`. */
export function parseFileIds(query: URLSearchParams): string[] {
  const fileIds = query.getAll('fileId')
  if (fileIds.length >= 1 && fileIds.length <= MAX_ASSETS && fileIds.every(isFileId))
    return [...new Set(fileIds)]
  throw invalidQuery('fileId', `must be a valid fileId, given once for each of 1 to ${MAX_ASSETS} assets`)
}
