// The colour of the brand, seen while it is chosen: the field turns into a slider, the page takes its hue.
const field = document.querySelector("[name=brand_hue]");

if (field) {
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: 359, value: field.value || 75 });
  slider.className = "range range-primary range-sm mt-3 w-full";
  slider.setAttribute("aria-label", field.labels[0]?.textContent.trim() ?? "");
  field.after(slider);
  const show = (hue) => document.documentElement.style.setProperty("--brand-hue", hue);
  slider.addEventListener("input", () => {
    field.value = slider.value;
    show(slider.value);
  });
  field.addEventListener("input", () => {
    if (field.value === "" || !field.validity.valid) return;
    slider.value = field.value;
    show(field.value);
  });
}
