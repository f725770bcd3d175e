import ts from 'typescript'

const OPPOSITES = { '===': '!==', '!==': '===', '<': '>=', '>=': '<', '<=': '>', '>': '<=' }
/** Methods whose callback is a predicate. */
const PREDICATE_METHODS = new Set(['filter', 'some', 'every', 'find', 'findLast'])

/**
 * Lists the conditions in a node, each with the text of its opposite: comparisons and negations; and, if they are a name, a call, a
 * property or an `in`, also operands of `&&` and `||`, conditions of `if`, `while` and `? :`, and the bodies of predicates.
 * An `instanceof`, an `await` and an element such as `a[b]` are not listed by themselves.
 */
export function listConditions(root) {
  const found = new Map()
  const add = (node, opposite) => found.set(node, opposite)
  /** An expression that is a condition because of its position. */
  const addByPosition = (node) => {
    if (ts.isParenthesizedExpression(node)) addByPosition(node.expression)
    else if (isSimple(node)) add(node, `!(${node.getText()})`)
  }
  const visit = (node) => {
    if (ts.isTypeNode(node)) return
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.getText()
      const opposite = OPPOSITES[operator]
      if (opposite) add(node, `${node.left.getText()} ${opposite} ${node.right.getText()}`)
      if (operator === '&&' || operator === '||')
        for (const side of [node.left, node.right]) addByPosition(side)
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node, `(${node.operand.getText()})`)
    else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) addByPosition(node.expression)
    else if (ts.isConditionalExpression(node)) addByPosition(node.condition)
    else if (isPredicate(node)) addByPosition(node.body)
    ts.forEachChild(node, visit)
  }
  visit(root)
  return [...found].map(([node, opposite]) => ({ node, opposite }))
}

function isSimple(node) {
  return (
    ts.isIdentifier(node) ||
    ts.isCallExpression(node) ||
    ts.isPropertyAccessExpression(node) ||
    (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword)
  )
}

function isPredicate(node) {
  return (
    ts.isArrowFunction(node) &&
    ts.isCallExpression(node.parent) &&
    ts.isPropertyAccessExpression(node.parent.expression) &&
    PREDICATE_METHODS.has(node.parent.expression.name.getText())
  )
}
