// Renders an answer during streaming, from the events of ui/growing_markdown.py: [data-rendered] holds complete blocks,
// [data-tail] the unfinished end. The server sanitises all HTML; text is inserted as text nodes.
const tails = new WeakMap();

export function show(article, kind, data) {
  const rendered = article.querySelector("[data-rendered]");
  const tail = article.querySelector("[data-tail]");
  if (!rendered || !tail) return;
  if (kind === "block") {
    rendered.insertAdjacentHTML("beforeend", data.html);
    tail.replaceChildren();
    tails.delete(article);
  } else if (kind === "tail") {
    const html = (tails.get(article) ?? "").slice(0, data.keep) + data.html;
    tails.set(article, html);
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    patch(tail, parsed.content);
  } else if (kind === "code") {
    const code = [...tail.querySelectorAll("pre > code")].pop();
    if (!code) return;
    // Appending to one text node leaves the existing nodes, and a selection, unchanged.
    if (code.firstChild) code.firstChild.appendData(data.text);
    else code.append(data.text);
  }
}

// Remove the rendered content, before the events are replayed from the first.
export function clear(article) {
  tails.delete(article);
  article.querySelector("[data-rendered]")?.replaceChildren();
  article.querySelector("[data-tail]")?.replaceChildren();
}

// Changes the children of `target` to those of `source`; equal nodes stay in place, which preserves a selection.
function patch(target, source) {
  const nodes = [...source.childNodes];
  nodes.forEach((node, position) => {
    const existing = target.childNodes[position];
    if (!existing) target.append(node);
    else if (existing.isEqualNode(node)) return;
    else if (existing.nodeType === 3 && node.nodeType === 3) existing.data = node.data;
    else if (hasSameTag(existing, node)) patch(existing, node);
    else existing.replaceWith(node);
  });
  while (target.childNodes.length > nodes.length) target.lastChild.remove();
}

function hasSameTag(a, b) {
  if (a.nodeType !== 1 || a.nodeName !== b.nodeName || a.attributes.length !== b.attributes.length) return false;
  return [...a.attributes].every(({ name, value }) => b.getAttribute(name) === value);
}
