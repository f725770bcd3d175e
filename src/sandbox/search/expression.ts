type Literal = string | number | boolean

type Operator = ':' | '=' | '!=' | '<' | '<=' | '>' | '>=' | 'IN' | 'NOT IN'

/** ImageKit's Lucene-like language: `"file.size" < "1MB" AND ("name" = "a" OR id IN ["b", "c"])`. */
type Expression =
  | { kind: 'condition'; field: string; operator: Operator; values: Literal[] }
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'not'; inner: Expression }

const OPERATORS: readonly Operator[] = [':', '=', '!=', '<', '<=', '>', '>=']

/** Parses an expression; undefined if the text is not valid. NOT binds more tightly than AND, and AND more tightly than OR. */
export function parseExpression(text: string): Expression | undefined {
  const tokens = tokenize(text)
  return tokens && parseTokens(tokens)
}

function parseTokens(tokens: readonly Token[]): Expression | undefined {
  let position = 0
  const peekWord = () => {
    const token = tokens[position]
    return token?.kind === 'word' ? token.text.toUpperCase() : undefined
  }
  // `takeWord` and `takeSymbol` return whether the next token matches, and move past it if it does.
  const takeWord = (word: string) => peekWord() === word && ++position > 0
  const takeSymbol = (symbol: string) => {
    const token = tokens[position]
    return token?.kind === 'symbol' && token.text === symbol && ++position > 0
  }

  function or(): Expression | undefined {
    let left = and()
    while (left !== undefined && takeWord('OR')) left = join('or', left, and())
    return left
  }

  function and(): Expression | undefined {
    let left = unary()
    while (left !== undefined && takeWord('AND')) left = join('and', left, unary())
    return left
  }

  function unary(): Expression | undefined {
    if (takeWord('NOT')) {
      const inner = unary()
      return inner && { kind: 'not', inner }
    }
    if (!takeSymbol('(')) return condition()
    const inner = or()
    return takeSymbol(')') ? inner : undefined
  }

  function condition(): Expression | undefined {
    const field = tokens[position++]
    if (field === undefined || field.kind === 'symbol') return undefined
    const operator = takeOperator()
    const values = operator === 'IN' || operator === 'NOT IN' ? list() : single()
    return operator && values && { kind: 'condition', field: field.text, operator, values }
  }

  function takeOperator(): Operator | undefined {
    if (takeWord('IN')) return 'IN'
    if (takeWord('NOT')) return takeWord('IN') ? 'NOT IN' : undefined
    return OPERATORS.find((operator) => takeSymbol(operator))
  }

  function single(): Literal[] | undefined {
    const token = tokens[position++]
    if (token === undefined || token.kind === 'symbol') return undefined
    return [token.kind === 'string' ? token.text : bareLiteral(token.text)]
  }

  function list(): Literal[] | undefined {
    if (!takeSymbol('[')) return undefined
    const values: Literal[] = []
    do {
      const value = single()
      if (value === undefined) return undefined
      values.push(...value)
    } while (takeSymbol(','))
    return takeSymbol(']') ? values : undefined
  }

  const expression = or()
  return position === tokens.length ? expression : undefined
}

function join(kind: 'and' | 'or', left: Expression, right: Expression | undefined): Expression | undefined {
  return right && { kind, left, right }
}

function bareLiteral(text: string): Literal {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

type Token = { kind: 'string' | 'word' | 'symbol'; text: string }

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|(!=|<=|>=|[:=<>()[\],])|([^\s"!:=<>()[\],]+))/y

/** Splits an expression into quoted strings, symbols and bare words; undefined if a character starts no token. */
function tokenize(text: string): Token[] | undefined {
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

/**
 * The value of a field. A list matches a condition if one of its items does. It matches `!=` only if no item equals the value, and
 * `NOT IN` only if no item equals any of the values. Null, which stands for a missing value, matches only `!=` and `NOT IN`.
 */
export type FieldValue = Literal | readonly string[] | null

/** Returns the value of a field; throws if the field does not exist. */
type FieldLookup = (field: string) => FieldValue

export function evaluate(expression: Expression, lookup: FieldLookup): boolean {
  switch (expression.kind) {
    case 'and':
      return evaluate(expression.left, lookup) && evaluate(expression.right, lookup)
    case 'or':
      return evaluate(expression.left, lookup) || evaluate(expression.right, lookup)
    case 'not':
      return !evaluate(expression.inner, lookup)
    case 'condition':
      return matches(lookup(expression.field), expression.operator, expression.values)
  }
}

function matches(actual: FieldValue, operator: Operator, values: readonly Literal[]): boolean {
  if (operator === 'IN') return values.some((value) => compare(actual, '=', value))
  if (operator === 'NOT IN') return !values.some((value) => compare(actual, '=', value))
  return values.every((value) => compare(actual, operator, value))
}

function compare(actual: FieldValue, operator: Exclude<Operator, 'IN' | 'NOT IN'>, value: Literal): boolean {
  if (operator === '!=') return !compare(actual, '=', value)
  if (actual === null) return false
  if (typeof actual === 'object') return actual.some((item) => compare(item, operator, value))
  if (typeof actual === 'number') return satisfies(actual - parseQuantity(value), operator)
  const [left, right] = [String(actual), String(value)]
  // For text, `:` means "starts with", ignoring case.
  if (operator === ':') return left.toLowerCase().startsWith(right.toLowerCase())
  if (left === right) return operator === '=' || operator === '<=' || operator === '>='
  return satisfies(left < right ? -1 : 1, operator)
}

function satisfies(difference: number, operator: ':' | '=' | '<' | '<=' | '>' | '>='): boolean {
  switch (operator) {
    case ':':
    case '=':
      return difference === 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
  }
}

const UNITS: Record<string, number> = { '': 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/**
 * Parses a number of at least 0, with or without a unit: `"1.5 MB"`, `"100"` or `100`. Anything else, such as -1, gives NaN, with
 * which only `!=` and `NOT IN` can match.
 */
function parseQuantity(value: Literal): number {
  const [, digits = 'NaN', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([KMG]?B)?\s*$/i.exec(String(value)) ?? []
  return Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN)
}
