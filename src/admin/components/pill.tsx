import type { AssetState } from '../../domain/asset.ts'
import type { DeliveryOutcome } from '../../domain/delivery.ts'

/** Icons, so that colour is not the only difference. */
const ICONS = {
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  clock: 'M8 4v4.5l3 1.5M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0z',
  slash: 'M3.8 12.2l8.4-8.4M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0z',
  dash: 'M5 8h6',
  copies: 'M5.5 2.5h8v8M2.5 5.5h8v8h-8z',
  swap: 'M3 5.5h10L10.5 3M13 10.5H3L5.5 13',
} as const

const STYLES = {
  success: ['good', 'check'],
  failed: ['bad', 'cross'],
  pending: ['busy', 'clock'],
  expired: ['quiet', 'slash'],
  none: ['quiet', 'dash'],
  applied: ['good', 'check'],
  duplicate: ['quiet', 'copies'],
  contradicted: ['busy', 'swap'],
  ignored: ['quiet', 'dash'],
  rejected: ['bad', 'slash'],
} as const satisfies Record<AssetState | DeliveryOutcome, readonly [string, keyof typeof ICONS]>

/** Shows a status or an outcome by text, icon and colour. */
export function Pill({ value }: { value: AssetState | DeliveryOutcome }) {
  const [tone, icon] = STYLES[value]
  return (
    <span class={`pill ${tone}`}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d={ICONS[icon]} />
      </svg>
      {value}
    </span>
  )
}
