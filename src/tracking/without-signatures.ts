/** Good for sending the same delivery again: kept of refused ones alone, for the replay, and never shown. */
const SIGNATURES = ['x-ik-signature', 'webhook-signature']

export function withoutSignatures(headers: { [name: string]: string }): { [name: string]: string } {
  if (!SIGNATURES.some((name) => name in headers)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SIGNATURES.includes(name)))
}
