// [data-copy="text"] copies that text; [data-copy-from="#id"] the text (or value) of that element.
// [data-copied="Copié"] is what is said and shown for a moment.
import { announce } from "./live.js";

function wanted(button) {
  if (!button.dataset.copyFrom) return button.dataset.copy;
  const source = document.querySelector(button.dataset.copyFrom);
  return source?.value ?? source?.innerText ?? "";
}

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http on a name other than localhost: the clipboard's interface is absent there.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  await write(wanted(button));
  button.dataset.done = "";
  announce(button.dataset.copied);
  setTimeout(() => delete button.dataset.done, 1600);
});
