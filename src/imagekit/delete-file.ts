import { request } from 'undici'
import { authorizationOf } from './private-key.ts'

/** Deletes a file at ImageKit. Returns the response's status; throws if there is no response. */
export async function deleteFile(
  { privateKey, apiUrl }: { privateKey: string; apiUrl: string },
  fileId: string,
  timeoutMs: number,
): Promise<number> {
  const { statusCode, body } = await request(`${apiUrl}/v1/files/${encodeURIComponent(fileId)}`, {
    method: 'DELETE',
    headers: { authorization: authorizationOf(privateKey) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  await body.dump()
  return statusCode
}
