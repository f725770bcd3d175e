import { Counter, type CounterConfiguration } from 'prom-client'

/**
 * A cheap counter for events that happen with every delivery. prom-client hashes the labels at each increment; this one
 * increments a number, and passes it to prom-client at the scrape.
 */
export function createLightCounter<Label extends string>(
  config: Omit<CounterConfiguration<Label>, 'collect'>,
): { child(...values: string[]): () => void } {
  const children: { values: string[]; size: number }[] = []
  new Counter({
    ...config,
    collect() {
      for (const child of children) {
        this.labels(...child.values).inc(child.size)
        child.size = 0
      }
    },
  })
  return {
    child(...values) {
      const child = { values, size: 0 }
      children.push(child)
      return () => {
        child.size += 1
      }
    },
  }
}
