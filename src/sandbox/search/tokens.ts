export type Token = { kind: 'string' | 'word' | 'symbol'; text: string }

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|(!=|<=|>=|[:=<>()[\],])|([^\s"!:=<>()[\],]+))/y

/** Splits a search text into quoted strings, symbols and bare words; undefined if a character starts no token. */
export function tokenize(text: string): Token[] | undefined {
  const source = text.trim()
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source)
    if (match === null) return undefined
    const [, quoted, symbol, word] = match
    if (quoted !== undefined) tokens.push({ kind: 'string', text: quoted.replaceAll(/\\(.)/g, '$1') })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
  }
  return tokens
}
