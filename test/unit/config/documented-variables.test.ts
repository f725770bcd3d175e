import { expect, test } from 'vitest'
import { parseTrackerAccess } from '../../../src/cli/tracker-access.ts'
import { VARIABLES } from '../../../src/config/documented-variables.ts'
import type { Environment } from '../../../src/config/variables.ts'
import { LOCAL, parse } from './parse-env.ts'

/** With alerts, whose thresholds have no effect otherwise. */
const SQLITE: Environment = { ...LOCAL, ALERT_WEBHOOK_URL: 'https://alerts.example' }
const POSTGRES: Environment = {
  ...SQLITE,
  DATABASE_URL: 'postgres://tracker@db.example/tracker',
  TRACKER_TOKEN_SECRET: 'token-secret-0123456789',
}

test('the program reads exactly the documented variables', () => {
  const read = new Set<string>()
  const recording = (env: Environment) =>
    new Proxy(env, {
      get(target, name: string) {
        read.add(name.replace(/_FILE$/, ''))
        return target[name]
      },
    })
  parse(recording(SQLITE))
  parse(recording(POSTGRES))
  parseTrackerAccess(recording({}), () => '')
  // OpenTelemetry specifies these.
  const own = [...read].filter((name) => !name.startsWith('OTEL_'))
  expect(own.sort()).toEqual(VARIABLES.map(({ name }) => name).sort())
})

const defaults = VARIABLES.flatMap((variable) =>
  'default' in variable ? [[variable.name, variable.default] as const] : [],
)

test.each(defaults)('%s=%s has the same effect as no value', (name, value) => {
  const env = name === 'DATABASE_CONNECTIONS' ? POSTGRES : SQLITE
  const { warnings: _, ...config } = parse({ ...env, [name]: value })
  expect(parse(env)).toMatchObject(config)
})
