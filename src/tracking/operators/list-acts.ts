import type { Act } from '../../domain/act.ts'
import type { Store } from '../../store/store.ts'

type ListActsDeps = {
  store: Pick<Store, 'listActs'>
}

export type ActView = Omit<Act, 'at'> & { at: string }

/** A page of what operators have done, the newest first. */
export async function listActs(
  { store }: ListActsDeps,
  page: { limit: number; before: number | null },
): Promise<{ acts: ActView[]; next: number | null }> {
  const { acts, next } = await store.listActs(page)
  return { acts: acts.map((act) => ({ ...act, at: new Date(act.at).toISOString() })), next }
}
