import { invalidParameter } from './api-error.ts'

/** `x,y,width,height` in pixels. */
export function checkCustomCoordinates(text: string): string {
  if (!/^\d+,\d+,\d+,\d+$/.test(text)) {
    throw invalidParameter('customCoordinates', 'It should be in the format x,y,width,height.')
  }
  return text
}
