// Adds a copy button, from <template id="code-copy">, to each complete code block of a text.
const template = document.getElementById("code-copy");
let isScheduled = false;

function addButtons() {
  isScheduled = false;
  for (const pre of document.querySelectorAll(".reading pre:not(.code-block > pre)")) {
    // Not in the unfinished end of an answer, whose nodes are compared with those from the server.
    if (pre.closest("[data-tail]") || !pre.querySelector("code")) continue;
    const block = document.createElement("div");
    block.className = "code-block";
    pre.replaceWith(block);
    block.append(pre, template.content.cloneNode(true));
  }
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(addButtons);
}

if (template) {
  addButtons();
  new MutationObserver(schedule).observe(document.body, { childList: true, subtree: true });
}
