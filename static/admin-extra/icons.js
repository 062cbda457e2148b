// Icons of the theme are ligatures of a font: hide their text from screen readers and translation, and label the control
// with only an icon, the menu of actions.
const hide = (root) => {
  for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
    icon.setAttribute("aria-hidden", "true");
    icon.setAttribute("translate", "no");
    const control = icon.closest("a, button");
    if (!control || control.ariaLabel || control.title) continue;
    if (control.textContent.trim() === icon.textContent.trim()) control.ariaLabel = "Actions";
  }
};
const start = () => {
  hide(document);
  new MutationObserver(() => hide(document)).observe(document.body, { childList: true, subtree: true });
};
if (document.body) start();
else document.addEventListener("DOMContentLoaded", start);
