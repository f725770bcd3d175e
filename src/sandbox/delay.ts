import { setTimeout } from 'node:timers/promises'

/** Waits; rejects when the signal aborts first. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<void>

export const realDelay: Delay = (ms, signal) => setTimeout(ms, undefined, { signal })
