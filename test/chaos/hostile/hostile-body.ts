import { uploadedFile } from '../../support/misbehaving-imagekit.ts'
import { accountEvent } from '../../support/signed-webhooks.ts'
import { type Dice, mutate } from './dice.ts'
import { hostileForm } from './hostile-form.ts'
import { hostileJson, spoilJson, widenJson } from './hostile-json.ts'
import type { Known } from './target.ts'

/** A body for the route with this path: valid, damaged, or with unexpected content; mostly empty for GET, HEAD and OPTIONS. */
export function hostileBody(dice: Dice, pattern: string, method: string, known: Known): Buffer {
  if (/^(GET|HEAD|OPTIONS)$/.test(method) && dice.chance(0.9)) return Buffer.alloc(0)
  if (pattern.endsWith('/upload') && dice.chance(0.9)) return hostileForm(dice)
  if (dice.chance(0.15)) return hostileJson(dice)
  const good = goodBody(dice, pattern, known)
  if (typeof good !== 'string' && dice.chance(0.04)) return widenJson(dice, good)
  return dice.chance(0.4)
    ? Buffer.from(typeof good === 'string' ? good : JSON.stringify(good))
    : spoil(dice, good)
}

function spoil(dice: Dice, good: object | string): Buffer {
  return typeof good === 'string'
    ? mutate(dice, Buffer.from(good), ['"', '\\', '\u0000'])
    : spoilJson(dice, good)
}

function goodBody(dice: Dice, pattern: string, { fileId }: Known): object | string {
  if (pattern.endsWith('/extension/:token')) {
    const status = dice.pick(['SUCCESS', 'FAILURE'])
    return {
      service: dice.pick(['remove-bg', 'google-auto-tagging']),
      status,
      fileId,
      fileObject: { fileId },
      error: { reason: 'x' },
    }
  }
  if (pattern.endsWith('/account')) return accountEvent('file-updated', { id: `evt-${dice.below(1e9)}` })
  if (pattern.endsWith('/response'))
    return uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'success' } })
  if (pattern.endsWith('/reconcile')) return { dryRun: dice.chance(0.5) }
  if (pattern.endsWith('/details'))
    return {
      tags: ['a'],
      description: 'x',
      extensions: [{ name: 'remove-bg' }],
      webhookUrl: 'http://127.0.0.1:1/hook',
    }
  return { extensions: [{ name: 'remove-bg', options: { a: 1 } }], fileId: `f-${dice.below(1e6)}` }
}
