// Toasts of the page, of htmx responses (HX-Trigger: {"toast": {text, kind, undo}}) and of connection errors. They
// disappear after a while, except during hover or focus; errors and warnings stay.
const DURATION_MS = 6000;
const DURATION_WITH_UNDO_MS = 12000;

function area() {
  return document.getElementById("toasts");
}

function removeLater(toast) {
  if (["error", "warning"].includes(toast.dataset.toast)) return;
  let timer = 0;
  const start = () => (timer = setTimeout(() => toast.remove(), toast.querySelector("[data-toast-undo]") ? DURATION_WITH_UNDO_MS : DURATION_MS));
  const hold = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("mouseleave", start);
  toast.addEventListener("focusout", start);
  start();
}

export function toast({ text, kind = "success", undo = "" }) {
  const element = document.getElementById(`toast-template-${kind}`).content.firstElementChild.cloneNode(true);
  element.querySelector("[data-toast-text]").textContent = text;
  const form = element.querySelector("[data-toast-undo]");
  if (undo.startsWith("/") && !undo.startsWith("//")) form.action = undo;
  else form.remove();
  area().append(element);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
});
document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("htmx:sendError", () => toast({ text: area().dataset.offline, kind: "error" }));
document.addEventListener("htmx:responseError", (event) => {
  // The page swaps in the message of a 4xx; the message of a 5xx, if any, becomes a toast.
  const { status, responseText } = event.detail.xhr;
  if (status < 500) return;
  const message = new DOMParser().parseFromString(responseText, "text/html").querySelector("[data-refusal]");
  toast({ text: message?.textContent.replace(/\s+/g, " ").trim() || area().dataset.failed, kind: "error" });
});

if (area()) {
  area().querySelectorAll("[data-toast]").forEach(removeLater);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.dataset?.toast) removeLater(node);
  }).observe(area(), { childList: true });
}
