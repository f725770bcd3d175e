/**
 * Whoever has them can send the same delivery again. They are stored only for rejected deliveries, for the replay, and never
 * shown.
 */
const SIGNATURES = ['x-ik-signature', 'webhook-signature']

export function withoutSignatures(headers: { [name: string]: string }): { [name: string]: string } {
  if (!SIGNATURES.some((name) => name in headers)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SIGNATURES.includes(name)))
}
