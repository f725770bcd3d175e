import type { Expression, Literal, Operator } from './expression.ts'

/** The value of a field. A list matches a condition if one of its items does. */
export type FieldValue = Literal | readonly string[] | null

/** Returns the value of a field; throws if the field does not exist. */
export type FieldLookup = (field: string) => FieldValue

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
  // On a text, `:` means "begins with".
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

/** Parses `"1MB"` and `"100"`. Any other text is NaN, which is neither equal to, less nor greater than any number. */
function parseQuantity(value: Literal): number {
  const [, digits = 'NaN', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([KMG]?B)?\s*$/i.exec(String(value)) ?? []
  return Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN)
}
