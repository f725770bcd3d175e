import type { Json } from '../domain/json.ts'

/** ImageKit's webhook payload for a failed extension. */
export function failurePayload(
  service: string,
  failure: { fileId: string | null; error: Json | null },
): string {
  return JSON.stringify({ service, status: 'FAILURE', ...failure })
}

/** ImageKit's webhook payload for a successful extension, built from the file's details. */
export function successPayload(service: string, fileObject: object): string {
  return JSON.stringify({ service, status: 'SUCCESS', fileObject })
}
