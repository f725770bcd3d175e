import type { Act } from '../../domain/act.ts'

type ListActsDeps = {
  store: {
    listActs(page: { limit: number; before: number | null }): Promise<{ acts: Act[]; next: number | null }>
  }
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
