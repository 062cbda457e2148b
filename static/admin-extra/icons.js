// The console's icons are letters that a font draws: they are not to be read aloud, nor translated. A control that has
// nothing else is the one that shows a page's acts.
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
