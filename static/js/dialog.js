// [data-dialog-open="id"] opens a <dialog>; [data-dialog-close] and a click on the backdrop shut it. Focus goes back to
// its button, or to that of the menu which the button stands in.
function open(dialog, opener) {
  opener.setAttribute("aria-expanded", "true");
  dialog.addEventListener("close", () => {
    opener.setAttribute("aria-expanded", "false");
    const back = opener.checkVisibility?.() === false ? opener.closest("details[data-menu]")?.querySelector("summary") : opener;
    back?.focus();
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
