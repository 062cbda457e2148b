// The new workspace's form: a slug suggested from the name, and checked while one types.
const name = document.querySelector("#id_name");
const slug = document.querySelector("#id_slug");
const note = document.querySelector('[data-note-for="slug"]');
const refusal = document.querySelector("#id_slug_error");
let chosen = Boolean(slug?.value);
let timer = 0;
let asked = 0;

function suggest(text) {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/œ/gi, "oe").replace(/æ/gi, "ae");
  return plain.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "").slice(0, 40).replace(/-+$/, "");
}

function say(text, ok) {
  note.textContent = text;
  note.dataset.ok = ok;
}

async function check() {
  if (!slug.value) return say("", "");
  const turn = ++asked;
  const answer = await fetch(`${slug.dataset.check}?slug=${encodeURIComponent(slug.value)}`);
  if (!answer.ok) return;
  const found = await answer.json();
  if (turn === asked) say(found.said, found.ok ? "yes" : "no");
}

function checkSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => check().catch(() => say("", "")), 250);
}

if (name && slug && note) {
  name.addEventListener("input", () => {
    if (chosen) return;
    slug.value = suggest(name.value);
    checkSoon();
  });
  slug.addEventListener("input", () => {
    chosen = Boolean(slug.value);
    refusal?.remove();
    checkSoon();
  });
  // What the server refused is said already.
  if (slug.value && !refusal) check();
}
