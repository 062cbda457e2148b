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
  drawer.querySelector("a, button")?.focus();
}

function close() {
  const drawer = document.querySelector("[data-drawer][data-open]");
  if (!drawer) return;
  delete drawer.dataset.open;
  page()?.removeAttribute("inert");
  shade?.remove();
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
  // An open menu takes the first Escape for itself.
  if (event.key === "Escape" && !document.querySelector("details[data-menu][open]")) close();
});
// A window that grows past the drawer's width must not stay inert.
matchMedia("(min-width: 64rem)").addEventListener("change", close);
