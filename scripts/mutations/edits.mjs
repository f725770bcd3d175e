import ts from 'typescript'
import { listConditions } from './conditions.mjs'

/**
 * What a fault can do to a declaration. Each operator lists the places where it applies, as `{ from, to, text }`. `value`, `return` and
 * `first` apply to the declaration itself. The others find a place by a name: of a variable, a property (`run.status`), a function that is
 * called (`guard.check`), a method (`.slice`); or by a literal (`'stop'`, `null`) or a word. In the new code of `replace`, `assign`,
 * `property` and `value`, `$&` is the original code. If the original code is a call, `$0`, `$1`, … are its arguments, and `$this` is the
 * object whose method is called.
 */
const OPERATORS = {
  /** The condition that mentions the name is inverted. */
  negate: (root, name) =>
    conditionsAbout(root, name).map(({ node, opposite }) => replaceNode(node, `(${opposite})`)),

  /**
   * The condition that mentions the name, with its negation if it has one, always has this value. It stays in the code, because
   * the compiler narrows types by it.
   */
  assume: (root, [name, value]) =>
    conditionsAbout(root, name).map(({ node }) => {
      const assumed = `(${node.getText()}) ${value ? '||' : '&&'} (${value} as boolean)`
      return replaceNode(node, `(${assumed})`)
    }),

  /** The comparison that mentions the name has another operator. */
  compare: (root, [name, operator]) =>
    conditionsAbout(root, name)
      .filter(({ node }) => ts.isBinaryExpression(node))
      .map(({ node }) => replaceNode(node.operatorToken, operator)),

  /** The statement that calls this function, or assigns to this variable, is removed. */
  remove: (root, name) => statementsAbout(root, name).map((node) => replaceNode(node, '{}')),

  /** A statement is inserted before the one that calls this function, assigns to this variable, or declares one with its result. */
  before: (root, [name, statement]) =>
    [...statementsAbout(root, name), ...declarationsBy(root, name)].map((node) => {
      const both = `${statement}\n${node.getText()}`
      return replaceNode(node, ts.isBlock(node.parent) ? both : `{ ${both} }`)
    }),

  /** The name, or the call of the function, is replaced. */
  replace: (root, [name, text]) => referencesTo(root, name).map((node) => replaceExpression(node, text)),

  /** The value that is assigned to the variable is replaced. */
  assign: (root, [name, text]) =>
    assignmentsTo(root, name).map((node) => replaceExpression(node.right, text)),

  /** The property of an object literal has another value; `null` removes it. */
  property: (root, [name, text]) =>
    listNodes(root, isPropertyOf(name)).map((node) => editProperty(node, text)),

  /** The declaration has another value. */
  value: (root, text) => (root.initializer ? [replaceExpression(root.initializer, text)] : []),

  /** The function does nothing but return this. */
  return: (root, text) => bodiesOf(root).map((body) => replaceNode(body, `{ return ${text} }`)),

  /** A statement is inserted at the start of the function. */
  first: (root, statement) => bodiesOf(root).map((body) => insertFirst(body, statement)),

  /** A word in a string, such as a column of a statement in SQL, is replaced. */
  word: (root, [word, text]) => listNodes(root, isText).flatMap((node) => wordsIn(node, word, text)),
}

/** The places where the fault can be applied in `root`, the node of its declaration. */
export function listEdits(root, fault) {
  const [operator, ...others] = Object.keys(OPERATORS).filter((name) => fault[name] !== undefined)
  if (operator === undefined || others.length > 0) throw new Error(`${fault.name} needs exactly one operator`)
  return OPERATORS[operator](root, fault[operator])
}

function conditionsAbout(root, name) {
  const about = listConditions(root).filter(({ node }) => mentions(node, name))
  return about.filter(
    ({ node }) =>
      !about.some((other) => other.node !== node && other.node.pos >= node.pos && other.node.end <= node.end),
  )
}

function mentions(node, name) {
  return listNodes(node, (one) => isNamed(one, name)).length > 0
}

function isNamed(node, name) {
  if (ts.isIdentifier(node)) return node.text === name
  if (ts.isPropertyAccessExpression(node))
    return name.startsWith('.') ? node.name.text === name.slice(1) : dotted(node) === name
  if (ts.isLiteralExpression(node) || node.kind === ts.SyntaxKind.NullKeyword) return node.getText() === name
  return false
}

function dotted(node) {
  return node
    .getText()
    .replaceAll(/\?\.|!\./g, '.')
    .replaceAll(/\s/g, '')
}

function statementsAbout(root, name) {
  return listNodes(root, ts.isExpressionStatement).filter(({ expression }) => {
    const inner = unwrap(expression)
    if (ts.isCallExpression(inner)) return isNamed(inner.expression, name)
    return isAssignment(inner) && isNamed(inner.left, name)
  })
}

/** The statements that declare a variable with the result of the function. */
function declarationsBy(root, name) {
  return listNodes(root, ts.isVariableStatement).filter(({ declarationList: { declarations } }) =>
    declarations.some(({ initializer }) => {
      const inner = initializer && unwrap(initializer)
      return inner && ts.isCallExpression(inner) && isNamed(inner.expression, name)
    }),
  )
}

function unwrap(node) {
  const isWrapper = ts.isAwaitExpression(node) || ts.isYieldExpression(node) || ts.isVoidExpression(node)
  return isWrapper && node.expression ? unwrap(node.expression) : node
}

function isAssignment(node) {
  if (!ts.isBinaryExpression(node)) return false
  const { kind } = node.operatorToken
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
}

function assignmentsTo(root, name) {
  return listNodes(root, (node) => isAssignment(node) && isNamed(node.left, name))
}

/** The references to the name; for a called function, the calls. */
function referencesTo(root, name) {
  return listNodes(root, (node) => isNamed(node, name) && isReference(node)).map((node) =>
    ts.isCallExpression(node.parent) && node.parent.expression === node ? node.parent : node,
  )
}

function isReference(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (isAssignment(parent) && parent.left === node) return false
  if (ts.isTypeNode(parent) || ts.isImportSpecifier(parent)) return false
  return !('name' in parent && parent.name === node) && parent.propertyName !== node
}

const isPropertyOf = (name) => (node) =>
  (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) && node.name.text === name

function editProperty(node, text) {
  const name = node.name.getText()
  if (text !== null) return replaceNode(node, `${name}: ${fill(text, node.initializer ?? node.name)}`)
  const end = /^\s*,/.exec(node.getSourceFile().text.slice(node.end))?.[0].length ?? 0
  return { from: node.getStart(), to: node.end + end, text: '' }
}

function bodiesOf(root) {
  const callArguments =
    root.initializer && ts.isCallExpression(root.initializer) ? root.initializer.arguments : []
  const body = [root, root.initializer, ...callArguments].find((node) => node?.body)?.body
  return body ? [body] : []
}

function insertFirst(body, statement) {
  if (!ts.isBlock(body)) return replaceNode(body, `{ ${statement}\n return (${body.getText()}) }`)
  const start = body.getStart() + 1
  return { from: start, to: start, text: ` ${statement}\n` }
}

const isText = (node) =>
  ts.isStringLiteral(node) ||
  ts.isNoSubstitutionTemplateLiteral(node) ||
  ts.isTemplateHead(node) ||
  ts.isTemplateMiddle(node) ||
  ts.isTemplateTail(node)

function wordsIn(node, word, text) {
  const pattern = new RegExp(`(?<![\\w.])${word.replaceAll('.', '\\.')}(?![\\w.])`, 'g')
  return [...node.getText().matchAll(pattern)].map(({ index }) => {
    const from = node.getStart() + index
    return { from, to: from + word.length, text }
  })
}

function replaceExpression(node, text) {
  const filled = fill(text, node)
  const { parent } = node
  if (ts.isShorthandPropertyAssignment(parent)) return replaceNode(node, `${node.text}: ${filled}`)
  return replaceNode(node, ts.isExpressionStatement(parent) ? `{ ${filled} }` : `(${filled})`)
}

function fill(text, node) {
  const args = node.arguments ?? []
  const object = node.expression?.expression
  return text
    .replaceAll('$&', () => node.getText())
    .replaceAll('$this', () => object?.getText() ?? '')
    .replaceAll(/\$(\d)/g, (_, index) => args[index]?.getText() ?? '')
}

function replaceNode(node, text) {
  return { from: node.getStart(), to: node.end, text }
}

function listNodes(root, isMatch) {
  const found = []
  const visit = (node) => {
    if (ts.isTypeNode(node)) return
    if (isMatch(node)) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(root)
  return found
}
