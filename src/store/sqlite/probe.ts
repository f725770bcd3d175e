import type { Statements } from './statements.ts'

/** Takes new pages, as a delivery does, and gives them back: rewriting a row in place would succeed on a full disk. */
export function probe(statements: Statements): void {
  statements.insertProbe.run()
  statements.deleteProbes.run()
}
