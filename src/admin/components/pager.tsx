/**
 * Lists can be paged towards older entries only. New entries appear on the first page. `newest` is the URL of the first page, null on
 * that page itself; `older` is the URL of the next page, null on the last page.
 */
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
