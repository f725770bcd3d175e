import { randomBytes } from 'node:crypto'

/** Ids of files and versions are 24 hex characters. */
export function newObjectId(): string {
  return randomBytes(12).toString('hex')
}

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text)
}
