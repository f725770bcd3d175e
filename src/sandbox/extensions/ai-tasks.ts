import { createHash } from 'node:crypto'
import type { CustomMetadata, FileVersion } from '../library/library-file.ts'
import type { AiTask, AiTaskAction } from './extension-request.ts'
import type { Label } from './image-statistics.ts'

/** The fields of a file that tasks may change. */
type TaskFields = Pick<FileVersion, 'tags' | 'customMetadata'>

type Subject = { sha256: string; labels: readonly Label[] }

/** Runs tasks in sequence. A task's result follows from the task and the file's hash and labels, so that tests can assert it. */
export function runTasks(tasks: readonly AiTask[], subject: Subject, before: TaskFields): TaskFields {
  return tasks.reduce((file, task) => runTask(task, subject, file), before)
}

function runTask(task: AiTask, subject: Subject, file: TaskFields): TaskFields {
  const seed = createHash('sha256').update(subject.sha256).update(task.instruction).digest().readUInt32BE()
  const labels = subject.labels.map(({ name }) => name.toLowerCase())
  switch (task.type) {
    case 'select_tags':
      return applyAction({ add_tags: select(task.vocabulary ?? labels, task, seed) }, file)
    case 'select_metadata': {
      const selected = select(task.vocabulary ?? labels, task, seed)
      const value = (task.max_selections ?? 1) > 1 ? selected : selected[0]
      return value === undefined ? file : applyAction({ set_metadata: [{ field: task.field, value }] }, file)
    }
    case 'yes_no':
      // `on_unknown` never applies.
      return applyAction((seed % 2 === 0 ? task.on_yes : task.on_no) ?? {}, file)
  }
}

/**
 * Selects consecutive items of the vocabulary, whose last item is followed by its first: `min_selections` of them, but at least 1
 * and at most `max_selections` (by default 2). `seed` decides which item is selected first.
 */
function select<T>(
  vocabulary: readonly T[],
  {
    min_selections: min = 1,
    max_selections: max = 2,
  }: { min_selections?: number | undefined; max_selections?: number | undefined },
  seed: number,
): T[] {
  const count = Math.min(vocabulary.length, Math.max(min, 1), max)
  const start = vocabulary.length === 0 ? 0 : seed % vocabulary.length
  return [...vocabulary.slice(start), ...vocabulary.slice(0, start)].slice(0, count)
}

function applyAction(action: AiTaskAction, { tags, customMetadata }: TaskFields): TaskFields {
  const removed = new Set(action.remove_tags)
  const kept = (tags ?? []).filter((tag) => !removed.has(tag))
  const all = [...new Set([...kept, ...(action.add_tags ?? [])])]
  const unset = new Set((action.unset_metadata ?? []).map(({ field }) => field))
  const metadata: CustomMetadata = Object.fromEntries(
    Object.entries(customMetadata).filter(([field]) => !unset.has(field)),
  )
  for (const { field, value } of action.set_metadata ?? []) metadata[field] = value
  return { tags: all.length === 0 ? null : all, customMetadata: metadata }
}
