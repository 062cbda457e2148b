// Ctrl-K and "/" go to [data-shortcut="search"], "?" opens the dialog #shortcuts.
function typing(element) {
  return element.isContentEditable || element.matches("input, textarea, select");
}

function search() {
  const field = document.querySelector('[data-shortcut="search"]');
  field?.focus();
  field?.select();
  return Boolean(field);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    if (search()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && search()) event.preventDefault();
  if (event.key === "?") document.getElementById("shortcuts")?.showModal();
});
