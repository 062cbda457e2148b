// [data-copy-from="#id"] copies the text of that element and confirms it on the button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-from]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copyFrom);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
  } else {
    // navigator.clipboard is missing over plain HTTP except on localhost.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  const label = button.textContent;
  button.textContent = button.dataset.copied;
  button.dataset.done = "";
  setTimeout(() => {
    button.textContent = label;
    delete button.dataset.done;
  }, 1600);
});
