// [data-dialog-open="id"] opens a <dialog>; [data-dialog-close] and a click on the backdrop close it. Focus returns to
// its button, or to the button of the menu that contains it.
function open(dialog, opener) {
  opener.setAttribute("aria-expanded", "true");
  dialog.addEventListener("close", () => {
    opener.setAttribute("aria-expanded", "false");
    const focusTarget = opener.checkVisibility?.() === false ? opener.closest("details[data-menu]")?.querySelector("summary") : opener;
    focusTarget?.focus();
  }, { once: true });
  dialog.showModal();
}

for (const opener of document.querySelectorAll("[data-dialog-open]")) {
  opener.setAttribute("aria-haspopup", "dialog");
  opener.setAttribute("aria-controls", opener.dataset.dialogOpen);
  opener.setAttribute("aria-expanded", "false");
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog) open(dialog, opener);
    return;
  }
  if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog")?.close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
});
