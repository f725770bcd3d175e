import { MAX_CAUSES, OTHER_CAUSE } from '../../domain/failure-cause.ts'
import type { RunGroup } from '../../domain/run-group.ts'
import type { Statements } from './statements.ts'

/** The groups of runs as the database has them. There are few, so all of them are kept in memory. */
export type GroupIds = {
  /** The group that a run belongs to, with the cause that it has there; a new one is written, in the open transaction. */
  idOf(group: RunGroup): { groupId: number; cause: string }
  /** The cause of a group; empty where it has none. */
  causeOf(groupId: number): string
  /** What was written in this transaction stays. */
  committed(): void
  /** What was written in this transaction may not be there any more. */
  rolledBack(): void
  /** Groups were removed. */
  removed(): void
}

type Known = { ids: Map<string, number>; causes: Map<number, string>; causesOf: Map<string, Set<string>> }

export function createGroupIds(statements: Statements): GroupIds {
  // Read on demand, inside of a transaction, which may fail; never while a failure is handled.
  let known: Known | undefined
  let isNew = false

  const boundCause = ({ causesOf }: Known, { extension, cause }: RunGroup) => {
    const own = causesOf.get(extension)
    return cause === '' || own === undefined || own.has(cause) || own.size < MAX_CAUSES ? cause : OTHER_CAUSE
  }
  return {
    idOf(wanted) {
      known ??= readGroups(statements)
      const group = { ...wanted, cause: boundCause(known, wanted) }
      const { cause } = group
      const groupId = known.ids.get(keyOf(group))
      if (groupId !== undefined) return { groupId, cause }
      const made = statements.insertGroup.get(group)
      isNew = true
      remember(known, { ...group, ...made })
      return { groupId: made.groupId, cause }
    },
    causeOf(groupId) {
      known ??= readGroups(statements)
      return known.causes.get(groupId) ?? ''
    },
    committed() {
      isNew = false
    },
    rolledBack() {
      if (isNew) known = undefined
    },
    removed() {
      known = undefined
    },
  }
}

function readGroups(statements: Statements): Known {
  const known: Known = { ids: new Map(), causes: new Map(), causesOf: new Map() }
  for (const group of statements.listGroups.all()) remember(known, group)
  return known
}

function remember(
  { ids, causes, causesOf }: Known,
  { groupId, ...group }: RunGroup & { groupId: number },
): void {
  const { extension, cause } = group
  ids.set(keyOf(group), groupId)
  if (cause === '') return
  causes.set(groupId, cause)
  causesOf.set(extension, (causesOf.get(extension) ?? new Set()).add(cause))
}

function keyOf({ extension, status, acknowledged, cause }: RunGroup): string {
  return `${status} ${acknowledged ? 1 : 0} ${extension.length} ${extension} ${cause}`
}
