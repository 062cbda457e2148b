// Says a line to screen readers through #live.
export function announce(text) {
  const live = document.getElementById("live");
  if (!live || !text) return;
  live.textContent = "";
  // An empty frame in between: the same words twice are said twice.
  requestAnimationFrame(() => (live.textContent = text));
}
