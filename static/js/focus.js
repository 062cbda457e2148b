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
