// Shows an answer while it comes, from the events of conversations/growing_markdown.py: [data-rendered] holds the blocks
// that are whole, [data-tail] the open end. All HTML comes sanitised from the server; text is set as text.
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
    const made = document.createElement("template");
    made.innerHTML = html;
    become(tail, made.content);
  } else if (kind === "code") {
    const code = [...tail.querySelectorAll("pre > code")].pop();
    if (!code) return;
    // One text node that grows: nothing that is there is touched.
    if (code.firstChild) code.firstChild.appendData(data.text);
    else code.append(data.text);
  }
}

// Forget what was shown: the events come again from the first.
export function clear(article) {
  tails.delete(article);
  article.querySelector("[data-rendered]")?.replaceChildren();
  article.querySelector("[data-tail]")?.replaceChildren();
}

// Makes the nodes of `old` those of `fresh`; what is alike stays the same node, so that a selection is kept.
function become(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, position) => {
    const there = old.childNodes[position];
    if (!there) old.append(node);
    else if (there.isEqualNode(node)) return;
    else if (there.nodeType === 3 && node.nodeType === 3) there.data = node.data;
    else if (alike(there, node)) become(there, node);
    else there.replaceWith(node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function alike(one, other) {
  if (one.nodeType !== 1 || one.nodeName !== other.nodeName || one.attributes.length !== other.attributes.length) return false;
  return [...one.attributes].every(({ name, value }) => other.getAttribute(name) === value);
}
