// Rows that have changed places glide there and are marked for a moment; without motion where people want none.

const GLIDE_MS = 180;
const MARKED_MS = 2500;

/** Where each row that can be seen stands now, by tag. */
export function placesOf(lists) {
  return new Map(rowsOf(lists).map((row) => [row.dataset.tag, row.getBoundingClientRect().top]));
}

/** Mark the rows that stand elsewhere than `before`, and let them glide; what comes out of the fold just appears. */
export function showMoves(lists, before) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const row of rowsOf(lists)) {
    const known = before.has(row.dataset.tag);
    const by = known ? before.get(row.dataset.tag) - row.getBoundingClientRect().top : 0;
    if (known && Math.abs(by) < 1) continue;
    row.dataset.moved = known && by < 0 ? "down" : "up";
    setTimeout(() => delete row.dataset.moved, MARKED_MS);
    if (!known || still) continue;
    row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: GLIDE_MS, easing: "ease-out" });
  }
}

function rowsOf(lists) {
  return lists.flatMap((list) => [...list.children]).filter((row) => row.offsetParent);
}
