/** Licences of packages that the service needs, or whose code is in our package: they only ask that their text is kept. */
const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]

/**
 * Also allowed for optional packages. They are separate, unchanged packages that npm installs for the sandbox; an installation
 * without optional packages has none of them.
 */
const WEAK_COPYLEFT = ['LGPL-3.0-or-later', 'MPL-2.0']

/** The licence of a component of a CycloneDX document, as an SPDX expression; empty if there is none. */
export function licenceOf({ licenses = [] }) {
  return licenses
    .map(({ license, expression }) => expression ?? license.id ?? license.name)
    .join(' AND ')
    .replace(/^\((.*)\)$/, '$1')
}

export function isAllowed(component) {
  const allowed = component.scope === 'optional' ? [...PERMISSIVE, ...WEAK_COPYLEFT] : PERMISSIVE
  return isSatisfied(licenceOf(component), allowed)
}

/** Whether a licence can be chosen such that only allowed ones apply. An expression with AND, OR and parentheses is not understood, so not allowed. */
function isSatisfied(expression, allowed) {
  if (expression.includes(' OR '))
    return !expression.includes(' AND ') && expression.split(' OR ').some((id) => allowed.includes(id))
  return expression.split(' AND ').every((id) => allowed.includes(id))
}
