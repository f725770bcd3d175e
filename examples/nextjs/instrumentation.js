/** Next calls this when the server starts, so the tracker's jobs run before the first request. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { getTracker } = await import('./tracker.js')
  await getTracker()
}
