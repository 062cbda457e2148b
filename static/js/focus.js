// After an htmx swap: focus goes to [data-focus] in what came, and the words of [data-announce] are said.
import { announce } from "./live.js";

document.addEventListener("htmx:afterSettle", (event) => {
  const fresh = event.detail.elt;
  const target = fresh.matches?.("[data-focus]") ? fresh : fresh.querySelector?.("[data-focus]");
  target?.focus();
  const words = fresh.matches?.("[data-announce]") ? fresh : fresh.querySelector?.("[data-announce]");
  announce(words?.dataset.announce);
});
