"use strict";
// Markup that waits in a noscript element is text as long as scripts run; this makes elements of it.
const told = e => { const n = e.querySelector(":scope > noscript"); if (n) n.outerHTML = n.textContent; };
const cases = [...document.querySelectorAll("details.case")], rows = [...document.querySelectorAll("#requirements tbody tr")];
const files = [...document.querySelectorAll("details.file")], box = document.querySelector("#find"), state = document.querySelector("#state");
const plain = new Map();
const textOf = e => {
  if (!plain.has(e)) {
    const n = e.querySelector("noscript");
    const s = new DOMParser().parseFromString("<pre>" + (n ? n.textContent : ""), "text/html").body.textContent;
    plain.set(e, (e.textContent.replace(n ? n.textContent : "", "") + " " + s).toLowerCase());
  }
  return plain.get(e);
};
function filter() {
  const words = box.value.toLowerCase().split(/\s+/).filter(w => w), want = new Set([...document.querySelectorAll("#filter input[type=checkbox]:checked")].map(e => e.value));
  const fits = e => words.every(w => textOf(e).includes(w));
  let shown = 0;
  for (const c of cases) { c.hidden = !want.has(c.dataset.status) || !fits(c); if (!c.hidden) shown++; }
  for (const r of rows) r.hidden = !words.every(w => r.textContent.toLowerCase().includes(w));
  for (const f of files) {
    const n = f.querySelectorAll("details.case:not([hidden])").length;
    f.hidden = n == 0;
    if (words.length && n > 0 && shown < 200) f.open = true;
  }
  state.textContent = shown + " of " + cases.length + " scenarios";
}
function visit() {
  let e = null;
  try { e = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  for (let d = e; d; d = d.parentElement) if (d.tagName == "DETAILS") d.open = true;
  if (e) e.scrollIntoView();
}
document.addEventListener("toggle", e => { if (e.target.open) told(e.target); }, true);
let waiting;
box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
document.querySelector("#filter").addEventListener("change", filter);
addEventListener("hashchange", visit);
document.querySelector("#filter").hidden = false;
document.querySelectorAll("details[open]").forEach(told);
filter();
visit();
