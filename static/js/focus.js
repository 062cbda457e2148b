// After an htmx swap: focus moves to [data-focus] in the new content, else to its first invalid field, and the text of
// [data-announce] is announced. A full page with an invalid field also starts there, so that its error is read out.
import { announce } from "./live.js";

const INVALID = '[aria-invalid="true"]';
document.querySelector(`main ${INVALID}`)?.focus();

document.addEventListener("htmx:afterSettle", (event) => {
  const content = event.detail.elt;
  const target = content.matches?.("[data-focus]") ? content : content.querySelector?.("[data-focus]");
  (target ?? content.querySelector?.(INVALID))?.focus();
  const announced = content.matches?.("[data-announce]") ? content : content.querySelector?.("[data-announce]");
  announce(announced?.dataset.announce);
});

// When a row disappears (archived, restored), focus moves to the next row or to the page's title.
let nextFocus = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const row = detail.target;
  if (!row?.matches?.("[data-item]")) return;
  nextFocus = [row.nextElementSibling, row.previousElementSibling].find((sibling) => sibling?.matches("[data-item]")) ?? document.querySelector("main h1");
});
document.addEventListener("htmx:afterRequest", () => {
  const next = nextFocus;
  nextFocus = null;
  if (!next) return;
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    const target = next.querySelector("a") ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
  });
});
