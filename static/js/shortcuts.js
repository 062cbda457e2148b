// Ctrl-K opens the palette (without one, goes to [data-shortcut="search"]), "/" goes there, "?" opens the dialog #shortcuts.
import { openPalette } from "./palette.js";

function isTextInput(element) {
  return element.isContentEditable || element.matches("input, textarea, select");
}

function focusSearch() {
  const field = document.querySelector('[data-shortcut="search"]');
  field?.focus();
  field?.select();
  return Boolean(field);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    if (openPalette() || focusSearch()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTextInput(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && focusSearch()) event.preventDefault();
  if (event.key === "?") document.getElementById("shortcuts")?.showModal();
});
