// A checkbox with data-select-all="<name>" ticks those of that name in its form, and shows whether all, some or none are.
const boxesOf = (all) =>
  [...all.form.elements].filter((box) => box.type === "checkbox" && box.name === all.dataset.selectAll && !box.disabled);

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-all]")) {
    for (const box of boxesOf(target)) box.checked = target.checked;
    return;
  }
  const all = target.form?.querySelector("[data-select-all]");
  if (!all || target.name !== all.dataset.selectAll) return;
  const boxes = boxesOf(all);
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
});
