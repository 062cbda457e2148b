// [data-copy="text"] copies that text; [data-copy-from="#id"] the text (or value) of that element.
// [data-copy-code] copies the code block beside it (code_copy.js).
// [data-copied="Copié"] is what is said and shown for a moment.
import { announce } from "./live.js";

function wanted(button) {
  if (!button.dataset.copyFrom) return button.dataset.copy;
  const source = document.querySelector(button.dataset.copyFrom);
  return source?.value ?? (source ? textOf(source) : "");
}

// What is read, with the marks of lists, which are no text for the browser.
function textOf(source) {
  const copy = source.cloneNode(true);
  copy.querySelectorAll("button").forEach((button) => button.remove());
  copy.querySelectorAll("li").forEach((item) => {
    const list = item.parentElement;
    const number = (Number(list.getAttribute("start")) || 1) + [...list.children].indexOf(item);
    const mark = list.nodeName === "OL" ? `${number}. ` : "- ";
    const depth = "  ".repeat(depthOf(list, copy));
    const first = item.firstElementChild;
    (first?.nodeName === "P" ? first : item).prepend(depth + mark);
  });
  // innerText breaks lines only for what is laid out.
  copy.className = "sr-only reading";
  copy.removeAttribute("id");
  document.body.append(copy);
  const text = copy.innerText;
  copy.remove();
  return text;
}

const depthOf = (list, top) => {
  let depth = 0;
  for (let above = list.parentElement; above && above !== top; above = above.parentElement) depth += /^[OU]L$/.test(above.nodeName);
  return depth;
};

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http on a name other than localhost: the clipboard's interface is absent there.
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
  await write("copyCode" in button.dataset ? button.parentElement.querySelector("pre").textContent : wanted(button));
  button.dataset.done = "";
  announce(button.dataset.copied);
  setTimeout(() => delete button.dataset.done, 1600);
});
