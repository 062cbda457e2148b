// A[data-drawer-open="id"] opens the drawer of that id, A[data-drawer-close] shuts it. Without this file the
// anchors do the same through :target; here come the shade, Escape, and a page that is inert behind.
let opener = null;
let shade = null;

function page() {
  return document.querySelector("[data-drawer-page]");
}

function open(drawer, from) {
  opener = from;
  drawer.dataset.open = "";
  page()?.setAttribute("inert", "");
  shade = document.createElement("div");
  shade.className = "drawer-shade";
  shade.addEventListener("click", close);
  document.body.append(shade);
  drawer.setAttribute("role", "dialog");
  drawer.setAttribute("aria-modal", "true");
  opener.setAttribute("aria-expanded", "true");
  (drawer.querySelector("[data-drawer-close]") ?? drawer.querySelector("a, button"))?.focus();
}

// Tab goes round in the drawer: what is left of the page (its first link, its toasts) is not reached behind it.
function keepInside(event, drawer) {
  const stops = [...drawer.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
    (stop) => !stop.disabled && stop.type !== "hidden" && stop.checkVisibility(),
  );
  const [first, last] = [stops[0], stops[stops.length - 1]];
  const inside = drawer.contains(document.activeElement);
  if (!inside || document.activeElement === (event.shiftKey ? first : last)) {
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }
}

function close() {
  const drawer = document.querySelector("[data-drawer][data-open]");
  if (!drawer) return;
  delete drawer.dataset.open;
  page()?.removeAttribute("inert");
  drawer.removeAttribute("role");
  drawer.removeAttribute("aria-modal");
  shade?.remove();
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
}

document.addEventListener("click", (event) => {
  const opening = event.target.closest("[data-drawer-open]");
  if (opening) {
    event.preventDefault();
    open(document.getElementById(opening.dataset.drawerOpen), opening);
  } else if (event.target.closest("[data-drawer-close]")) {
    event.preventDefault();
    close();
  }
});
document.addEventListener("keydown", (event) => {
  const drawer = document.querySelector("[data-drawer][data-open]");
  if (drawer && event.key === "Tab") keepInside(event, drawer);
  // An open menu takes the first Escape for itself.
  if (event.key === "Escape" && !document.querySelector("details[data-menu][open]")) close();
});
// A window that grows past the drawer's width must not stay inert.
matchMedia("(min-width: 64rem)").addEventListener("change", close);
