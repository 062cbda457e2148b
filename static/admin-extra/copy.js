// [data-copy-from="#id"] copies that element's text and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-from]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copyFrom);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
  } else {
    // Plain http on a name other than localhost: the clipboard's interface is absent there.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  const word = button.textContent;
  button.textContent = button.dataset.copied;
  button.dataset.done = "";
  setTimeout(() => {
    button.textContent = word;
    delete button.dataset.done;
  }, 1600);
});
