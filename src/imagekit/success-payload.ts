/** ImageKit's payload for an extension that has succeeded, made from the file's details: what a caller would have got. */
export function successPayload(service: string, fileObject: object): string {
  return JSON.stringify({ service, status: 'SUCCESS', fileObject })
}
