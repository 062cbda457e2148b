// The palette: arrows move between its field and its entries, Enter opens (a link, or the first entry from the field).
const dialog = document.querySelector("[data-palette]");

export function openPalette() {
  if (!dialog) return false;
  if (!dialog.open) dialog.showModal();
  const field = dialog.querySelector("input");
  field.focus();
  field.select();
  window.htmx.trigger(field, "palette-open");
  return true;
}

dialog?.addEventListener("keydown", (event) => {
  const entries = [...dialog.querySelectorAll("[data-palette-entry]")];
  const field = dialog.querySelector("input");
  const at = entries.indexOf(document.activeElement);
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move) {
    event.preventDefault();
    (entries[at + move] ?? (at + move < 0 ? field : entries.at(-1)))?.focus();
  } else if (event.key === "Enter" && document.activeElement === field && entries.length) {
    event.preventDefault();
    entries[0].click();
  } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
    // Typing goes on in the field.
    field.focus();
  }
});
