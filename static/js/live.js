// Announces a text to screen readers through #live.
export function announce(text) {
  const live = document.getElementById("live");
  if (!live || !text) return;
  live.textContent = "";
  // Emptied for one frame, so that an equal text is announced again.
  requestAnimationFrame(() => (live.textContent = text));
}
