// details[data-menu]: one open at a time, closed by a click elsewhere or Escape, with arrow keys. An open panel is a
// popover: in the browser's top layer, nothing covers or clips it.
const EDGE = 8;
let panelCount = 0;

function openMenus() {
  return document.querySelectorAll("details[data-menu][open]");
}

// Positions the panel as its classes say, shifted to fit into the window.
function place(menu) {
  const panel = menu.querySelector(".menu-panel");
  const button = menu.querySelector("summary").getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const above = button.top - EDGE;
  const below = innerHeight - button.bottom - EDGE;
  Object.assign(panel.style, { position: "fixed", inset: "auto", margin: "0", maxHeight: "", overflowY: "auto" });
  panel.style.width = panel.classList.contains("w-full") ? `${button.width}px` : "max-content";
  panel.style.maxWidth = `${innerWidth - 2 * EDGE}px`;
  const fullHeight = panel.offsetHeight;
  const upwards = panel.classList.contains("bottom-full") ? above >= fullHeight || above > below : below < fullHeight && above > below;
  const room = upwards ? above : below;
  panel.style.maxHeight = `${Math.max(room - 4, 96)}px`;
  const height = Math.min(fullHeight, Math.max(room - 4, 96));
  const top = upwards ? button.top - height - 6 : button.bottom + 6;
  const left = panel.classList.contains("left-0") ? button.left : button.right - panel.offsetWidth;
  panel.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - height - EDGE))}px`;
  panel.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - panel.offsetWidth - EDGE))}px`;
}

function onToggle(menu) {
  const panel = menu.querySelector(".menu-panel");
  const button = menu.querySelector("summary");
  if (!panel || !panel.showPopover) return;
  panel.id ||= `menu-${++panelCount}`;
  button.setAttribute("aria-controls", panel.id);
  if (menu.open) {
    panel.popover = "manual";
    panel.showPopover();
    place(menu);
  } else {
    if (panel.matches(":popover-open")) panel.hidePopover();
    panel.removeAttribute("popover");
    panel.removeAttribute("style");
  }
}

// `toggle` does not bubble.
document.addEventListener("toggle", (event) => event.target.matches?.("details[data-menu]") && onToggle(event.target), true);
for (const type of ["scroll", "resize"]) {
  window.addEventListener(type, (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) place(menu);
  }, { capture: true, passive: true });
}

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    const isInside = menu.contains(event.target);
    if (!isInside || event.target.closest("a.menu-item, [data-dialog-open]")) menu.open = false;
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
    moveFocus(menu, event.key === "ArrowDown" ? 1 : -1);
  }
});

function moveFocus(menu, step) {
  const items = [...menu.querySelectorAll(".menu-item:not(summary), .segment")].filter((item) => item.offsetParent);
  const index = items.indexOf(document.activeElement);
  const next = index < 0 ? (step > 0 ? 0 : items.length - 1) : index + step;
  items[(next + items.length) % items.length]?.focus();
}
