// Home page: the unsent drafts of conversations kept in this browser (drafts.js), under [data-under-way].
import { places, read } from "./drafts.js";

const section = document.querySelector("[data-under-way]");
const list = section?.querySelector("[data-drafts]");
const template = section?.querySelector("[data-draft-row]");
const isThread = (place) => /^[0-9a-f-]{36}$/.test(place);

if (template) {
  for (const place of places().filter((name) => name === "new" || isThread(name))) {
    const text = read(place)?.text?.trim();
    if (!text) continue;
    const row = template.content.cloneNode(true);
    row.querySelector("a").href = section.dataset.thread + (isThread(place) ? `${place}/` : "");
    row.querySelector("[data-draft-text]").textContent = text.slice(0, 120);
    list.append(row);
    section.hidden = false;
  }
}
