import { customType } from 'drizzle-orm/sqlite-core'

/**
 * A text column that holds JSON of ours. Drizzle's own JSON mode writes the text `null` where a prepared statement binds
 * null; here null is NULL.
 */
export function jsonColumn<T>(name: string) {
  return customType<{ data: T; driverData: string | null }>({
    dataType: () => 'text',
    toDriver: (value: T | null) => (value === null ? null : JSON.stringify(value)),
    fromDriver: (text) => (text === null ? null : JSON.parse(text)),
  })(name)
}
