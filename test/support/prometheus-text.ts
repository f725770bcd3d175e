/** `value`: NaN for an infinite value, too. */
export type Sample = { name: string; labels: { [label: string]: string }; value: number }

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/**
 * Parses the Prometheus text format as prom-client writes it. Throws on any other line, such as a sample with a timestamp, and on a metric
 * with no `# TYPE` before its samples, or with two.
 */
export function parsePrometheusText(text: string): Sample[] {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const [, metric = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (metric !== '') {
      if (types.has(metric)) throw new Error(`declared twice: ${metric}`)
      types.set(metric, type)
      continue
    }
    const [, name, labelText = '', value] = LINE.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`)
    const family = name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(name) && !types.has(family)) throw new Error(`not declared: ${name}`)
    // prom-client writes NaN as `Nan`.
    if (!/^(-?\d+(\.\d+)?(e[+-]?\d+)?|[+-]Inf|Nan)$/.test(value)) throw new Error(`not a value: ${line}`)
    samples.push({ name, labels: parseLabels(labelText), value: Number(value) })
  }
  return samples
}

function parseLabels(text: string): { [label: string]: string } {
  const labels: { [label: string]: string } = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const start = LABEL.lastIndex
    const [, label, value] = LABEL.exec(text) ?? []
    if (label === undefined || value === undefined) throw new Error(`not a label: ${text.slice(start)}`)
    labels[label] = value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
  }
  return labels
}
