import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as echarts from 'echarts'

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const [OWN, OTHER] = ['#2563eb', '#94a3b8']

/** Draws bars, the first of which is ours unless they tell, and returns the address of the picture from docs/. */
export function writeChart({ name, title, bars }) {
  const height = 80 + 34 * bars.length
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 820, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
    grid: { left: 320, right: 80, top: 44, bottom: 24 },
    xAxis: { type: 'value', splitNumber: 4 },
    yAxis: { type: 'category', inverse: true, data: bars.map((bar) => bar.name) },
    series: [
      {
        type: 'bar',
        data: bars.map(({ value, isOurs }, index) => ({
          value,
          itemStyle: { color: (isOurs ?? index === 0) ? OWN : OTHER },
        })),
        label: {
          show: true,
          position: 'right',
          formatter: ({ value }) => Math.round(value).toLocaleString('en'),
        },
      },
    ],
  })
  const file = `bench-${name}.svg`
  writeFileSync(`${IMAGES}${file}`, chart.renderToSVGString())
  chart.dispose()
  return `images/${file}`
}
