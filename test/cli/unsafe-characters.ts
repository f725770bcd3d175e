/**
 * The first and last code points of ranges. The pattern in `src/cli/terminal-text.ts` covers them and more; these don't depend on it,
 * because tests check it with them.
 */
const RANGES = [
  [0x00, 0x1f], // C0 controls, including line breaks
  [0x7f, 0x9f], // DEL and C1 controls
  [0x061c, 0x061c], // Arabic letter mark, a bidirectional control
  [0x200b, 0x200b], // zero-width space; the joiners that follow it are allowed
  [0x200e, 0x200f], // left-to-right and right-to-left marks
  [0x2028, 0x202e], // line and paragraph separators, bidirectional embeddings and overrides
  [0x2060, 0x2069], // word joiner, invisible operators, bidirectional isolates
  [0xd800, 0xdfff], // unpaired surrogates
  [0xfeff, 0xfeff], // byte order mark
  [0xe0001, 0xe007f], // tags, which are invisible
] as const

/** The characters of a text, from these ranges, that control a terminal or can deceive a reader. */
export function findUnsafeCharacters(text: string): string[] {
  return Array.from(text).filter((character) => {
    const point = character.codePointAt(0) ?? 0
    return RANGES.some(([first, last]) => point >= first && point <= last)
  })
}
