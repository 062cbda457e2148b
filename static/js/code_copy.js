// A button at each whole code block of a text, from the page's <template id="code-copy">.
const template = document.getElementById("code-copy");
let waiting = false;

function add() {
  waiting = false;
  for (const pre of document.querySelectorAll(".reading pre:not(.code-block > pre)")) {
    // What still comes has none yet: its nodes are compared with those of the server.
    if (pre.closest("[data-tail]") || !pre.querySelector("code")) continue;
    const block = document.createElement("div");
    block.className = "code-block";
    pre.replaceWith(block);
    block.append(pre, template.content.cloneNode(true));
  }
}

function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(add);
}

if (template) {
  add();
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
}
