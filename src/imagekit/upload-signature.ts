import { createHmac } from 'node:crypto'

/**
 * Signs an upload that a browser sends directly to ImageKit: the hexadecimal HMAC-SHA1 of the one-time token and the time until which it
 * is valid, in Unix seconds. https://imagekit.io/docs/api-reference/upload-file/upload-file#how-to-implement-client-side-file-upload
 */
export function signUpload(privateKey: string, { token, expire }: { token: string; expire: number }): string {
  return createHmac('sha1', privateKey).update(`${token}${expire}`).digest('hex')
}
