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

/** The everyday name of an sRGB colour; channels are 0–255. */
export function colourName(red: number, green: number, blue: number): string {
  const most = Math.max(red, green, blue)
  const spread = most - Math.min(red, green, blue)
  if (most < 40) return 'Black'
  if (spread < 24) return most > 225 ? 'White' : 'Gray'
  const hue = hueOf(red, green, blue, most, spread)
  if (hue >= 15 && hue < 45 && most < 160) return 'Brown'
  return HUES.find(({ below }) => hue < below)?.name ?? 'Red'
}

function hueOf(red: number, green: number, blue: number, most: number, spread: number): number {
  if (most === red) return (60 * ((green - blue) / spread) + 360) % 360
  if (most === green) return 60 * ((blue - red) / spread) + 120
  return 60 * ((red - green) / spread) + 240
}
