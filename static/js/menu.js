// details[data-menu]: one open at a time; shut by a click elsewhere or Escape; arrows walk through it.
function openMenus() {
  return document.querySelectorAll("details[data-menu][open]");
}

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    const inside = menu.contains(event.target);
    if (!inside || event.target.closest("a.menu-item, [data-dialog-open]")) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]") ?? openMenus()[0];
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    walk(menu, event.key === "ArrowDown" ? 1 : -1);
  }
});

function walk(menu, step) {
  const items = [...menu.querySelectorAll(".menu-item:not(summary), .segment")].filter((item) => item.offsetParent);
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
  items[(next + items.length) % items.length]?.focus();
}
