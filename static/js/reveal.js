// button[data-reveal="id"] shows or hides the text of the password field with that id.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const field = document.getElementById(button.dataset.reveal);
  const isRevealed = field.type === "password";
  field.type = isRevealed ? "text" : "password";
  button.setAttribute("aria-pressed", String(isRevealed));
});
