// A[data-drawer-open="id"] opens the drawer of that id, A[data-drawer-close] closes it. Without this file the
// links do the same through :target; this file adds the backdrop, Escape, and an inert page behind.
let opener = null;
let backdrop = null;

function page() {
  return document.querySelector("[data-drawer-page]");
}

function open(drawer, button) {
  opener = button;
  drawer.dataset.open = "";
  page()?.setAttribute("inert", "");
  backdrop = document.createElement("div");
  backdrop.className = "drawer-shade";
  backdrop.addEventListener("click", close);
  document.body.append(backdrop);
  drawer.setAttribute("role", "dialog");
  drawer.setAttribute("aria-modal", "true");
  opener.setAttribute("aria-expanded", "true");
  (drawer.querySelector("[data-drawer-close]") ?? drawer.querySelector("a, button"))?.focus();
}

// Tab cycles inside the drawer and does not reach elements outside the inert page (skip link, toasts).
function trapFocus(event, drawer) {
  const focusable = [...drawer.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
    (element) => !element.disabled && element.type !== "hidden" && element.checkVisibility(),
  );
  const [first, last] = [focusable[0], focusable[focusable.length - 1]];
  const isInside = drawer.contains(document.activeElement);
  if (!isInside || document.activeElement === (event.shiftKey ? first : last)) {
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
  backdrop?.remove();
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-drawer-open]");
  if (button) {
    event.preventDefault();
    open(document.getElementById(button.dataset.drawerOpen), button);
  } else if (event.target.closest("[data-drawer-close]")) {
    event.preventDefault();
    close();
  }
});
document.addEventListener("keydown", (event) => {
  const drawer = document.querySelector("[data-drawer][data-open]");
  if (drawer && event.key === "Tab") trapFocus(event, drawer);
  // An open menu handles the first Escape.
  if (event.key === "Escape" && !document.querySelector("details[data-menu][open]")) close();
});
// A window enlarged past the drawer's breakpoint must not stay inert.
matchMedia("(min-width: 64rem)").addEventListener("change", close);
