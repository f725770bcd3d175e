import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const FOLDER = 'src/domain/decide'
const CONTRACT = ['test/store/sqlite-store.test.ts', 'test/store/sqlite-two-handles.test.ts']
const OPPOSITES = { '===': '!==', '!==': '===', '<': '>=', '>=': '<', '<=': '>', '>': '<=' }
const PREDICATES = new Set(['filter', 'some', 'every', 'find', 'findLast'])

/** Conditions that no test can detect when inverted, and why: by file and text, as long as needed to be unique. */
const WITHOUT_EFFECT = {
  "delivery.ts: service === null ? ['submissions'":
    'Rows that are not loaded at once are loaded in the next rounds.',
  'delivery.ts: service === null ? [] : facts':
    'An unnecessary lookup finds nothing, and then everything is loaded.',
  'delivery.ts: replayOf === undefined ? 1': 'A batch that runs out of ids reserves more.',
  'submission-state.ts: known.boundTo !== binding.boundTo':
    'A run without a known file is decided with its whole submission, with the same result.',
}

/**
 * Inverts every condition of the rules in `domain/decide`, one fault each. The contract of the stores alone must detect
 * it, so that nobody has to plant a fault for a new rule.
 */
export function listInvertedConditions(root) {
  const unused = new Set(Object.keys(WITHOUT_EFFECT))
  const inverted = readdirSync(join(root, FOLDER)).flatMap((name) => {
    const file = `${FOLDER}/${name}`
    const text = readFileSync(join(root, file), 'utf8')
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    return listConditions(source).map(({ node, opposite }) => {
      const [from, to] = [node.getStart(), node.end]
      const { line, character } = source.getLineAndCharacterOfPosition(from)
      const onOneLine = (code) => code.replaceAll(/\s+/g, ' ')
      const known = [...unused].find((key) => `${name}: ${onOneLine(text.slice(from))}`.startsWith(key))
      unused.delete(known)
      return {
        name: `${name}:${line + 1}:${character + 1}`,
        about: onOneLine(node.getText()),
        file,
        tests: CONTRACT,
        edit: (sound) => sound.slice(0, from) + opposite + sound.slice(to),
        survives: WITHOUT_EFFECT[known],
      }
    })
  })
  if (unused.size > 0) throw new Error(`no such condition: ${[...unused].join(', ')}`)
  return inverted
}

function listConditions(source) {
  const found = new Map()
  const add = (node, opposite) => found.set(node, { node, opposite })
  /** An operand that is a condition because of its position. */
  const addOperand = (node) => {
    if (ts.isParenthesizedExpression(node)) addOperand(node.expression)
    else if (ts.isIdentifier(node) || ts.isCallExpression(node) || ts.isPropertyAccessExpression(node))
      add(node, `!(${node.getText()})`)
  }
  const visit = (node) => {
    if (ts.isTypeNode(node)) return
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.getText()
      const opposite = OPPOSITES[operator]
      if (opposite) add(node, `${node.left.getText()} ${opposite} ${node.right.getText()}`)
      if (operator === '&&' || operator === '||') for (const side of [node.left, node.right]) addOperand(side)
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node, `(${node.operand.getText()})`)
    else if (ts.isIfStatement(node)) addOperand(node.expression)
    else if (ts.isConditionalExpression(node)) addOperand(node.condition)
    else if (isPredicate(node)) addOperand(node.body)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found.values()]
}

function isPredicate(node) {
  return (
    ts.isArrowFunction(node) &&
    ts.isCallExpression(node.parent) &&
    ts.isPropertyAccessExpression(node.parent.expression) &&
    PREDICATES.has(node.parent.expression.name.getText())
  )
}
