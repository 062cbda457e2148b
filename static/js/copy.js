// [data-copy="text"] copies that text; [data-copy-from="#id"] the text (or value) of that element.
// [data-copy-code] copies the code block beside it (code_copy.js).
// [data-copied="Copié"] is the confirmation, announced and shown briefly.
import { announce } from "./live.js";

function textToCopy(button) {
  if (!button.dataset.copyFrom) return button.dataset.copy;
  const source = document.querySelector(button.dataset.copyFrom);
  return source?.value ?? (source ? textOf(source) : "");
}

// The text of an element with the markers of its lists, which innerText omits.
function textOf(source) {
  const copy = source.cloneNode(true);
  copy.querySelectorAll("button").forEach((button) => button.remove());
  copy.querySelectorAll("li").forEach((item) => {
    const list = item.parentElement;
    const number = (Number(list.getAttribute("start")) || 1) + [...list.children].indexOf(item);
    const marker = list.nodeName === "OL" ? `${number}. ` : "- ";
    const indent = "  ".repeat(depthOf(list, copy));
    const first = item.firstElementChild;
    (first?.nodeName === "P" ? first : item).prepend(indent + marker);
  });
  // innerText has line breaks only for rendered elements.
  copy.className = "sr-only reading";
  copy.removeAttribute("id");
  document.body.append(copy);
  const text = copy.innerText;
  copy.remove();
  return text;
}

const depthOf = (list, top) => {
  let depth = 0;
  for (let node = list.parentElement; node && node !== top; node = node.parentElement) depth += /^[OU]L$/.test(node.nodeName);
  return depth;
};

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // navigator.clipboard is missing over plain HTTP except on localhost.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-code]");
  if (!button) return;
  await write("copyCode" in button.dataset ? button.parentElement.querySelector("pre").textContent : textToCopy(button));
  button.dataset.done = "";
  announce(button.dataset.copied);
  setTimeout(() => delete button.dataset.done, 1600);
});
