const HUES: readonly { below: number; name: string }[] = [
  { below: 15, name: 'Red' },
  { below: 45, name: 'Orange' },
  { below: 70, name: 'Yellow' },
  { below: 165, name: 'Green' },
  { below: 200, name: 'Cyan' },
  { below: 260, name: 'Blue' },
  { below: 300, name: 'Purple' },
  { below: 345, name: 'Pink' },
]

/** The common English name of an sRGB colour; channels are 0–255. */
export function colourName(red: number, green: number, blue: number): string {
  const max = Math.max(red, green, blue)
  const spread = max - Math.min(red, green, blue)
  if (max < 40) return 'Black'
  if (spread < 24) return max > 225 ? 'White' : 'Gray'
  const hue = hueOf(red, green, blue, max, spread)
  if (hue >= 15 && hue < 45 && max < 160) return 'Brown'
  return HUES.find(({ below }) => hue < below)?.name ?? 'Red'
}

function hueOf(red: number, green: number, blue: number, max: number, spread: number): number {
  if (max === red) return (60 * ((green - blue) / spread) + 360) % 360
  if (max === green) return 60 * ((blue - red) / spread) + 120
  return 60 * ((red - green) / spread) + 240
}
