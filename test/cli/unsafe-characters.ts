/** C0, DEL and C1 controls, bidirectional controls, Unicode line separators, surrogates, and invisible characters. */
const RANGES = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2069],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xe0001, 0xe007f],
] as const

/** The characters of a text that control a terminal or can deceive a reader. */
export function findUnsafeCharacters(text: string): string[] {
  return Array.from(text).filter((character) => {
    const point = character.codePointAt(0) ?? 0
    return RANGES.some(([first, last]) => point >= first && point <= last)
  })
}
