import { request } from 'undici'
import { authorizationOf } from './authorization.ts'

const TIMEOUT_MS = 30_000

/** Deletes a file at ImageKit. Returns the status of its answer. Throws where none comes. */
export async function deleteFile(
  { privateKey, apiUrl }: { privateKey: string; apiUrl: string },
  fileId: string,
): Promise<number> {
  const { statusCode, body } = await request(`${apiUrl}/v1/files/${encodeURIComponent(fileId)}`, {
    method: 'DELETE',
    headers: { authorization: authorizationOf(privateKey) },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  await body.dump()
  return statusCode
}
