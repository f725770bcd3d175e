/** Lists can be paged towards older entries only. New entries appear on the first page. */
export function Pager({ newest, older }: { newest: string | null; older: string | null }) {
  if (newest === null && older === null) return <></>
  return (
    <nav class="pager" aria-label="Pages of this list">
      {newest !== null && (
        <a href={newest} rel="first">
          ← Newest
        </a>
      )}
      {older !== null && (
        <a href={older} rel="next">
          Older →
        </a>
      )}
    </nav>
  )
}
