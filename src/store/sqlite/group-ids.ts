import { MAX_CAUSES, OTHER_CAUSE } from '../../domain/failure-cause.ts'
import type { RunGroup } from '../../domain/run-group.ts'
import type { Statements } from './statements.ts'

/** The ids of the groups of runs. There are few, so all of them are kept in memory. */
export type GroupIds = {
  /** The group's id; a new one is written, in the transaction that is open. */
  idOf(group: RunGroup): number
  /** The cause under which a failure is grouped: an extension's hundredth is the last of its own. */
  boundCause(extension: string, cause: string): string
  committed(): void
  /** After a rollback: what was new may not be there. */
  forgetUncommitted(): void
}

export function createGroupIds(statements: Statements): GroupIds {
  const ids = new Map<string, number>()
  const causes = new Map<string, Set<string>>()
  let uncommitted: RunGroup[] = []

  const causesOf = (extension: string) => {
    const known = causes.get(extension) ?? new Set()
    causes.set(extension, known)
    return known
  }
  const remember = (group: RunGroup, groupId: number) => {
    ids.set(keyOf(group), groupId)
    if (group.cause !== '') causesOf(group.extension).add(group.cause)
  }
  for (const group of statements.listGroups.all()) remember(group, group.groupId)

  const boundCause = (extension: string, cause: string) => {
    const known = causesOf(extension)
    return cause === '' || known.has(cause) || known.size < MAX_CAUSES ? cause : OTHER_CAUSE
  }
  return {
    boundCause,
    idOf(wanted) {
      const group = { ...wanted, cause: boundCause(wanted.extension, wanted.cause) }
      const known = ids.get(keyOf(group))
      if (known !== undefined) return known
      const { groupId } = statements.insertGroup.get(group)
      remember(group, groupId)
      uncommitted.push(group)
      return groupId
    },
    committed() {
      uncommitted = []
    },
    forgetUncommitted() {
      for (const group of uncommitted) {
        ids.delete(keyOf(group))
        // A cause that is left without a group is known again with the next one.
        causes.get(group.extension)?.delete(group.cause)
      }
      uncommitted = []
    },
  }
}

function keyOf({ extension, status, acknowledged, cause }: RunGroup): string {
  return JSON.stringify([extension, status, acknowledged, cause])
}
