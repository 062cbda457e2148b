// The stream of answers: listens, goes on where it was after a break, and shows the end only with all of the text.
// A page calls `start` with what to do when an article has changed.
import { clear, show } from "./answer_view.js";

const NEAR_END = 64;
const AGAIN_AFTER = 3000;
const listening = new Map();
let changed = () => {};

// What scrolls: the thread in its frame, in a short window the page.
export function thread() {
  const box = document.querySelector("[data-thread]");
  return box && getComputedStyle(box).overflowY === "visible" ? document.scrollingElement : box;
}
export const streams = () => document.querySelectorAll("article[data-state=streaming][data-stream]");
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;

// Keep the reader at the end only if they were there.
export function growing(change) {
  const box = thread();
  const follow = box && atEnd(box);
  change();
  if (follow) box.scrollTop = box.scrollHeight;
}

export function listen(article) {
  if (listening.has(article) || document.hidden || !article.isConnected) return;
  const after = article.dataset.after ?? "0";
  const source = new EventSource(`${article.dataset.stream}?after=${after}`);
  listening.set(article, source);
  const on = (kind, act) =>
    source.addEventListener(kind, (event) => {
      const data = JSON.parse(event.data);
      if (kind === "delta" && !follows(article, data)) return fromTheStart(article);
      if (event.lastEventId) article.dataset.after = event.lastEventId;
      growing(() => act(data));
    });
  // The text itself only counts what came; blocks, tail and code show it.
  on("delta", () => {});
  for (const kind of ["block", "tail", "code"]) on(kind, (data) => show(article, kind, data));
  on("done", ({ html }) => {
    leave(article);
    // The end carries the whole article as the server has saved it; without it, it is asked for.
    if (html) replace(article, html);
    else refresh(article);
  });
  // The right to read it has ended: the page itself says what is still there.
  on("gone", () => location.reload());
  source.addEventListener("error", () => {
    // A break in the line the browser mends by itself; a refusal it does not.
    if (source.readyState !== EventSource.CLOSED) return;
    leave(article);
    setTimeout(() => refresh(article), AGAIN_AFTER);
  });
}

// Each piece says how many characters (code points) come before it: a piece that is missing is noticed.
function follows(article, { text, at }) {
  const said = Number(article.dataset.saidLength ?? 0);
  if (at !== undefined && at !== said) return false;
  article.dataset.saidLength = said + Array.from(text).length;
  return true;
}

function fromTheStart(article) {
  leave(article);
  delete article.dataset.after;
  delete article.dataset.saidLength;
  clear(article);
  listen(article);
}

function leave(article) {
  listening.get(article)?.close();
  listening.delete(article);
}

export const leaveAll = () => [...listening.keys()].forEach(leave);
export const listenAll = () => streams().forEach(listen);

// The article as it is now, asked for once more: where the stream could not be had, or ended without it.
async function refresh(article) {
  if (!article.isConnected) return;
  const answer = await fetch(article.dataset.refresh, { headers: { "HX-Request": "true" } }).catch(() => null);
  if ([401, 403, 404].includes(answer?.status)) return location.reload();
  if (!answer?.ok) return setTimeout(() => refresh(article), AGAIN_AFTER);
  replace(article, await answer.text());
}

// What the server sent, without the parts that take their place elsewhere in the page (hx-swap-oob): they have it then.
export function fragment(html) {
  const made = document.createRange().createContextualFragment(html);
  for (const part of made.querySelectorAll("[hx-swap-oob]")) {
    part.removeAttribute("hx-swap-oob");
    part.remove();
    document.getElementById(part.id)?.replaceWith(part);
  }
  return made;
}

function replace(article, html) {
  const made = fragment(html).firstElementChild;
  growing(() => article.replaceWith(made));
  window.htmx.process(made);
  if (made.dataset.state === "streaming") listen(made);
  changed(made, article);
}

export function start(whenChanged) {
  changed = whenChanged;
  // Browsers allow six connections a host: a hidden tab gives its own back and goes on where it was.
  document.addEventListener("visibilitychange", () => (document.hidden ? leaveAll() : listenAll()));
  document.addEventListener("htmx:afterSettle", listenAll);
  window.addEventListener("pagehide", leaveAll);
  window.addEventListener("pageshow", listenAll);
  listenAll();
}
