// Receives answers over server-sent events, resumes after a disconnection, and shows the end only with the complete text.
// A page calls `start` with a callback for replaced articles.
import { clear, show } from "./answer_view.js";

// Pixels from the end within which a reader counts as at the end.
const END_MARGIN = 64;
const RETRY_MS = 3000;
const sources = new Map();
let onReplaced = () => {};

// The scrolling element: the thread, or in a short window the page.
export function thread() {
  const box = document.querySelector("[data-thread]");
  return box && getComputedStyle(box).overflowY === "visible" ? document.scrollingElement : box;
}
export const streams = () => document.querySelectorAll("article[data-state=streaming][data-stream]");
const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < END_MARGIN;

// Makes a change and keeps the reader at the end if they were there.
export function keepAtEnd(change) {
  const box = thread();
  const follow = box && isAtEnd(box);
  change();
  if (follow) box.scrollTop = box.scrollHeight;
}

export function listen(article) {
  if (sources.has(article) || document.hidden || !article.isConnected) return;
  const after = article.dataset.after ?? "0";
  const source = new EventSource(`${article.dataset.stream}?after=${after}`);
  sources.set(article, source);
  const on = (kind, handle) =>
    source.addEventListener(kind, (event) => {
      const data = JSON.parse(event.data);
      if (kind === "delta" && !isNextPiece(article, data)) return restart(article);
      if (event.lastEventId) article.dataset.after = event.lastEventId;
      keepAtEnd(() => handle(data));
    });
  // Deltas are only counted; blocks, tail and code are rendered.
  on("delta", () => {});
  for (const kind of ["block", "tail", "code"]) on(kind, (data) => show(article, kind, data));
  on("done", ({ html }) => {
    disconnect(article);
    // The event carries the saved article; without it, the article is fetched.
    if (html) replace(article, html);
    else refresh(article);
  });
  // Access has ended: the reloaded page shows what is still readable.
  on("gone", () => location.reload());
  source.addEventListener("error", () => {
    // The browser reconnects after a network error, but not after a refusal.
    if (source.readyState !== EventSource.CLOSED) return;
    disconnect(article);
    setTimeout(() => refresh(article), RETRY_MS);
  });
}

// Whether a piece continues the received text. `at`: number of code points before it, which reveals a missing piece.
function isNextPiece(article, { text, at }) {
  const received = Number(article.dataset.receivedLength ?? 0);
  if (at !== undefined && at !== received) return false;
  article.dataset.receivedLength = received + Array.from(text).length;
  return true;
}

function restart(article) {
  disconnect(article);
  delete article.dataset.after;
  delete article.dataset.receivedLength;
  clear(article);
  listen(article);
}

function disconnect(article) {
  sources.get(article)?.close();
  sources.delete(article);
}

export const disconnectAll = () => [...sources.keys()].forEach(disconnect);
export const listenAll = () => streams().forEach(listen);

// Fetches the article, if the stream failed or ended without it.
async function refresh(article) {
  if (!article.isConnected) return;
  const response = await fetch(article.dataset.refresh, { headers: { "HX-Request": "true" } }).catch(() => null);
  if ([401, 403, 404].includes(response?.status)) return location.reload();
  if (!response?.ok) return setTimeout(() => refresh(article), RETRY_MS);
  replace(article, await response.text());
}

// Parses HTML from the server; its out-of-band parts (hx-swap-oob) are moved to their places in the page.
export function fragment(html) {
  const parsed = document.createRange().createContextualFragment(html);
  for (const part of parsed.querySelectorAll("[hx-swap-oob]")) {
    part.removeAttribute("hx-swap-oob");
    part.remove();
    document.getElementById(part.id)?.replaceWith(part);
  }
  return parsed;
}

function replace(article, html) {
  const replacement = fragment(html).firstElementChild;
  keepAtEnd(() => article.replaceWith(replacement));
  window.htmx.process(replacement);
  if (replacement.dataset.state === "streaming") listen(replacement);
  onReplaced(replacement, article);
}

// `callback(new article, old article)` is called after a replacement.
export function start(callback) {
  onReplaced = callback;
  // Browsers allow six connections per host, so a hidden tab closes its own and resumes later.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnectAll() : listenAll()));
  document.addEventListener("htmx:afterSettle", listenAll);
  window.addEventListener("pagehide", disconnectAll);
  window.addEventListener("pageshow", listenAll);
  listenAll();
}
