// What a page does with the answers that come (stream.js). Without this file forms still work and a reload shows what
// has come.
import "./composer.js";
import { announce } from "./live.js";
import { fragment, growing, listenAll, start, streams, thread } from "./stream.js";

const LOOK_EVERY = 15_000;
const toEnd = () => thread() && (thread().scrollTop = thread().scrollHeight);

// Another tab may have asked, or asked again. A tab that is looked at finds out; an answer that comes here tells by itself.
async function catchUp() {
  const box = document.getElementById("thread");
  const busy = () => document.hidden || document.querySelector(".htmx-request") || streams().length;
  if (!box || busy()) return;
  const last = box.lastElementChild;
  const shown = new URLSearchParams(last ? { last: last.id.replace("m-", ""), state: last.dataset.state } : {});
  const answer = await fetch(`${box.dataset.threadUrl}?${shown}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status !== 200) return;
  const text = await answer.text();
  // What this tab has asked meanwhile brings its own articles.
  if (busy() || box.lastElementChild !== last) return;
  growing(() => box.replaceChildren(fragment(text)));
  window.htmx.process(box);
  listenAll();
  showButtons();
}

// While an answer comes, the composer's button stops it: it stays where it is, the text does not.
function showButtons() {
  const stop = document.querySelector("[data-stop]");
  if (!stop) return;
  stop.hidden = !document.querySelector("[data-stop-url]");
  document.querySelector("[data-send]").hidden = !stop.hidden;
}

document.addEventListener("click", (event) => {
  const stop = event.target.closest("[data-stop]");
  if (!stop) return;
  const coming = document.querySelector("[data-stop-url]");
  if (coming) window.htmx.ajax("POST", coming.dataset.stopUrl, { source: coming, swap: "none" });
});

document.addEventListener("htmx:afterSettle", showButtons);
document.addEventListener("visibilitychange", () => document.hidden || catchUp());
window.addEventListener("focus", catchUp);
setInterval(catchUp, LOOK_EVERY);

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.xhr.status < 400 && event.detail.elt.matches?.("form[data-composer]")) toEnd();
});

toEnd();
start((article, before) => {
  showButtons();
  if (article.dataset.state !== "streaming") announce(before.dataset.said);
});
showButtons();
