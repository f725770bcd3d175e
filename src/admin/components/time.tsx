/** A time in UTC; the script shows it in the reader's zone and leaves UTC in the title. */
export function Time({ at }: { at: string }) {
  const [day, time] = [at.slice(0, 10), at.slice(11, 19)]
  return (
    <time datetime={at} title={`${day} ${at.slice(11, 23)} UTC`}>
      {day} {time} UTC
    </time>
  )
}

/** How long something takes or took, in the two units that matter. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`
}
