import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * Every function, class, method, property and variable that `src` declares, found by its name, so that a fault still fits after its
 * code has moved to another file.
 */
export function readDeclarations(root) {
  const byName = new Map()
  const files = readdirSync(join(root, 'src'), { recursive: true })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => parse(root, join('src', name)))
  for (const { file, source } of files) {
    const visit = (node, path) => {
      const names = namesOf(node)
      for (const name of names) {
        const others = byName.get(name) ?? []
        byName.set(name, [...others, { file, source, node, path: [...path, name] }])
      }
      ts.forEachChild(node, (child) => visit(child, names.length > 0 ? [...path, names[0]] : path))
    }
    visit(source, [])
  }
  return {
    files,
    /** Finds the declarations of a name. `outer.inner` is every `inner` somewhere within `outer`. */
    find(anchor) {
      const names = anchor.split('.')
      return (byName.get(names.at(-1)) ?? []).filter(({ path }) => isWithin(names, path))
    },
  }
}

function parse(root, file) {
  const text = readFileSync(join(root, file), 'utf8')
  return { file, source: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) }
}

function isWithin(names, path) {
  let next = 0
  for (const name of path) if (name === names[next]) next += 1
  return next === names.length
}

function namesOf(node) {
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isVariableDeclaration(node)
  if (!isNamed || !node.name) return []
  if (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)) return [node.name.text]
  if (!ts.isObjectBindingPattern(node.name) && !ts.isArrayBindingPattern(node.name)) return []
  return node.name.elements.flatMap((one) =>
    ts.isBindingElement(one) && ts.isIdentifier(one.name) ? [one.name.text] : [],
  )
}
