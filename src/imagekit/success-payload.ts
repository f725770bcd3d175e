/** ImageKit's webhook payload for a successful extension, built from the file's details. */
export function successPayload(service: string, fileObject: object): string {
  return JSON.stringify({ service, status: 'SUCCESS', fileObject })
}
