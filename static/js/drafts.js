// What is typed and not yet saved, kept in this browser: it survives a reload, a crash and the end of a session.
// Drafts are a person's own in this workspace (storage is by host, keys by person) and go at sign-out.
//   form[data-draft="place"]  an ordinary form; the composer (composer.js) keeps its own with the same store.
const PREFIX = "ruche-draft:";
const KEPT_MS = 14 * 24 * 3600 * 1000;
const SAVE_AFTER_MS = 250;
const NOT_KEPT = ["hidden", "file", "password", "submit", "button", "reset"];

const person = document.querySelector("meta[name=ruche-person]")?.content ?? "";
const channel = "BroadcastChannel" in window ? new BroadcastChannel("ruche-drafts") : null;
// After sign-out, in whichever tab, nothing more is written.
let over = !person;

const keyOf = (place) => `${PREFIX}${person}:${place}`;

// Storage may be forbidden or full: a draft then lasts as long as the page.
function quietly(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

export function read(place) {
  if (!person) return null;
  return quietly(() => JSON.parse(localStorage.getItem(keyOf(place))));
}

export function write(place, draft) {
  if (!over) quietly(() => localStorage.setItem(keyOf(place), JSON.stringify({ ...draft, at: Date.now() })));
}

export function drop(place) {
  if (person) quietly(() => localStorage.removeItem(keyOf(place)));
}

function keys() {
  return quietly(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];
}

export function places() {
  const mine = keyOf("");
  return keys().filter((key) => key.startsWith(mine)).map((key) => key.slice(mine.length));
}

// `act(place, draft or null)` when another tab has changed a draft of this person.
export function whenChangedElsewhere(act) {
  window.addEventListener("storage", ({ key, newValue }) => {
    const mine = keyOf("");
    if (person && key?.startsWith(mine)) act(key.slice(mine.length), newValue === null ? null : quietly(() => JSON.parse(newValue)));
  });
}

// `act` a moment after the last call, and at once when the page is left: a crash costs the last quarter second.
export function soon(act) {
  let timer = 0;
  const now = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    act();
  };
  window.addEventListener("pagehide", now);
  document.addEventListener("visibilitychange", () => document.hidden && now());
  return Object.assign(
    () => {
      clearTimeout(timer);
      timer = setTimeout(now, SAVE_AFTER_MS);
    },
    { now },
  );
}

export const isErrorPage = () => Boolean(document.querySelector("[data-error]"));

// -- sign-out, and what is too old or somebody else's

function forgetAll() {
  over = true;
  for (const key of keys()) quietly(() => localStorage.removeItem(key));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-sign-out]")) return;
  forgetAll();
  channel?.postMessage("signed-out");
});
channel?.addEventListener("message", ({ data }) => data === "signed-out" && forgetAll());

function tidy() {
  const mine = keyOf("");
  for (const key of keys()) {
    const age = Date.now() - (quietly(() => JSON.parse(localStorage.getItem(key)))?.at ?? 0);
    if (!key.startsWith(mine) || age > KEPT_MS) quietly(() => localStorage.removeItem(key));
  }
}
if (person) tidy();

// -- ordinary forms

function values(form) {
  const kept = {};
  for (const field of form.elements) {
    if (!field.name || NOT_KEPT.includes(field.type)) continue;
    if (field.type === "radio") kept[field.name] = field.checked ? field.value : (kept[field.name] ?? "");
    else if (field.type === "checkbox") kept[`${field.name}=${field.value}`] = field.checked;
    else if (field.tagName !== "FIELDSET") kept[field.name] = field.value;
  }
  return kept;
}

function fill(form, kept) {
  for (const field of form.elements) {
    if (!field.name || NOT_KEPT.includes(field.type)) continue;
    if (field.type === "radio") field.checked = kept[field.name] === field.value;
    else if (field.type === "checkbox") field.checked = Boolean(kept[`${field.name}=${field.value}`]);
    else if (kept[field.name] !== undefined) field.value = kept[field.name];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const blank = new WeakMap();

function take(form) {
  const place = form.dataset.draft;
  const shown = values(form);
  const found = read(place);
  // What a refused form shows again was typed: the values to differ from are those before.
  const refused = Boolean(form.querySelector("[aria-invalid=true], [data-form-errors]"));
  blank.set(form, refused && found?.base ? found.base : shown);
  if (!found) return;
  if (refused) return write(place, { base: found.base, values: shown });
  // Saved, or changed by somebody else meanwhile: the page is newer than the draft.
  if (same(found.values, shown) || !same(found.base, shown)) return drop(place);
  fill(form, found.values);
  tell(form);
}

function tell(form) {
  // toast.js listens once all modules are there.
  setTimeout(() => document.dispatchEvent(new CustomEvent("toast", { detail: { text: form.dataset.draftBack, kind: "info" } })));
}

const save = new WeakMap();
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.matches("form[data-draft]:not([data-composer])") || !blank.has(form)) return;
  if (!save.has(form)) save.set(form, soon(() => keep(form)));
  save.get(form)();
});

function keep(form, sent = false) {
  const now = values(form);
  if (same(now, blank.get(form))) drop(form.dataset.draft);
  else write(form.dataset.draft, { base: blank.get(form), values: now, sent });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-draft]:not([data-composer])") && blank.has(form)) keep(form, true);
});

if (person) {
  const here = [...document.querySelectorAll("form[data-draft]:not([data-composer])")];
  here.forEach(take);
  const shown = new Set(here.map((form) => form.dataset.draft));
  // A form that was sent and led elsewhere than to an error was taken.
  if (!isErrorPage()) for (const place of places()) if (!shown.has(place) && read(place)?.sent === true) drop(place);
}
