import Database from 'better-sqlite3'

const TIMES = { deliveries: 'received_at', submissions: 'created_at' } as const

/** Makes the database fail to insert rows with this time, until what it returns is called. */
export function refuseRows(path: string, table: keyof typeof TIMES, at: number): () => void {
  const run = (sql: string) => {
    const connection = new Database(path)
    try {
      connection.exec(sql)
    } finally {
      connection.close()
    }
  }
  const name = `refuse_${table}_${at}`
  run(
    `CREATE TRIGGER ${name} AFTER INSERT ON ${table} WHEN new.${TIMES[table]} = ${at} BEGIN SELECT raise(ABORT, 'refused'); END`,
  )
  return () => run(`DROP TRIGGER ${name}`)
}
