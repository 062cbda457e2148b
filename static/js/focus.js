// After an htmx swap: focus goes to [data-focus] in what came, else to the first field that was refused, and the words of
// [data-announce] are said. A whole page that came with a refused field begins there too: its error is read with it.
import { announce } from "./live.js";

const REFUSED = '[aria-invalid="true"]';
document.querySelector(`main ${REFUSED}`)?.focus();

document.addEventListener("htmx:afterSettle", (event) => {
  const fresh = event.detail.elt;
  const target = fresh.matches?.("[data-focus]") ? fresh : fresh.querySelector?.("[data-focus]");
  (target ?? fresh.querySelector?.(REFUSED))?.focus();
  const words = fresh.matches?.("[data-announce]") ? fresh : fresh.querySelector?.("[data-announce]");
  announce(words?.dataset.announce);
});

// A row that goes (archived, restored) leaves focus to the next one, or to the page's title.
let heir = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const row = detail.target;
  if (!row?.matches?.("[data-item]")) return;
  heir = [row.nextElementSibling, row.previousElementSibling].find((one) => one?.matches("[data-item]")) ?? document.querySelector("main h1");
});
document.addEventListener("htmx:afterRequest", () => {
  const next = heir;
  heir = null;
  if (!next) return;
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    const target = next.querySelector("a") ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
  });
});
