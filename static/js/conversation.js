// A conversation's page during streaming (stream.js). Without this file forms still work, and a reload shows new text.
import "./composer.js";
import { announce } from "./live.js";
import { fragment, keepAtEnd, listenAll, start, streams, thread } from "./stream.js";

const POLL_MS = 15_000;
const scrollToEnd = () => thread() && (thread().scrollTop = thread().scrollHeight);

// A visible tab polls for questions asked in other tabs, unless it is receiving an answer itself.
async function updateThread() {
  const box = document.getElementById("thread");
  const isBusy = () => document.hidden || document.querySelector(".htmx-request") || streams().length;
  if (!box || isBusy()) return;
  const last = box.lastElementChild;
  const shown = new URLSearchParams(last ? { last: last.id.replace("m-", ""), state: last.dataset.state } : {});
  const response = await fetch(`${box.dataset.threadUrl}?${shown}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (response?.status !== 200) return;
  const text = await response.text();
  // A question asked in this tab meanwhile has added its own articles.
  if (isBusy() || box.lastElementChild !== last) return;
  keepAtEnd(() => box.replaceChildren(fragment(text)));
  window.htmx.process(box);
  listenAll();
  showButtons();
}

// During streaming the composer shows a stop button in place of the send button.
function showButtons() {
  const stop = document.querySelector("[data-stop]");
  if (!stop) return;
  stop.hidden = !document.querySelector("[data-stop-url]");
  document.querySelector("[data-send]").hidden = !stop.hidden;
}

document.addEventListener("click", (event) => {
  const stop = event.target.closest("[data-stop]");
  if (!stop) return;
  const streaming = document.querySelector("[data-stop-url]");
  if (streaming) window.htmx.ajax("POST", streaming.dataset.stopUrl, { source: streaming, swap: "none" });
});

document.addEventListener("htmx:afterSettle", showButtons);
document.addEventListener("visibilitychange", () => document.hidden || updateThread());
window.addEventListener("focus", updateThread);
setInterval(updateThread, POLL_MS);

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.xhr.status < 400 && event.detail.elt.matches?.("form[data-composer]")) scrollToEnd();
});

scrollToEnd();
start((article, previous) => {
  showButtons();
  if (article.dataset.state !== "streaming") announce(previous.dataset.said);
});
showButtons();
