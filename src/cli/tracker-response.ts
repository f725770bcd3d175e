/** A response of the service with its complete body. */
export type TrackerResponse = {
  status: number
  text: string
  header: (name: string) => string | undefined
}
