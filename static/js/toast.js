// Toasts: those of the page, those an htmx answer brings (HX-Trigger: {"toast": {text, kind, undo}}), and those
// of lost connections. They leave after a while, unless held by hover or focus; errors and warnings stay.
const REST = 6000;
const REST_WITH_UNDO = 12000;

function area() {
  return document.getElementById("toasts");
}

function leaveLater(toast) {
  if (["error", "warning"].includes(toast.dataset.toast)) return;
  let timer = 0;
  const start = () => (timer = setTimeout(() => toast.remove(), toast.querySelector("[data-toast-undo]") ? REST_WITH_UNDO : REST));
  const hold = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("mouseleave", start);
  toast.addEventListener("focusout", start);
  start();
}

export function toast({ text, kind = "success", undo = "" }) {
  const made = document.getElementById(`toast-template-${kind}`).content.firstElementChild.cloneNode(true);
  made.querySelector("[data-toast-text]").textContent = text;
  const form = made.querySelector("[data-toast-undo]");
  if (undo.startsWith("/") && !undo.startsWith("//")) form.action = undo;
  else form.remove();
  area().append(made);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
});
document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("htmx:sendError", () => toast({ text: area().dataset.offline, kind: "error" }));
document.addEventListener("htmx:responseError", (event) => {
  // 4xx that bring their own words are swapped in by the page; of a 5xx, those are shown that it brings.
  const { status, responseText } = event.detail.xhr;
  if (status < 500) return;
  const words = new DOMParser().parseFromString(responseText, "text/html").querySelector("[data-refusal]");
  toast({ text: words?.textContent.replace(/\s+/g, " ").trim() || area().dataset.failed, kind: "error" });
});

if (area()) {
  area().querySelectorAll("[data-toast]").forEach(leaveLater);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.dataset?.toast) leaveLater(node);
  }).observe(area(), { childList: true });
}
