/** What the service answered, read whole. */
export type TrackerAnswer = {
  status: number
  text: string
  header: (name: string) => string | undefined
}
