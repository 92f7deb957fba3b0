// Single keys, when no field has focus and the person wants them. No single key closes or releases anything.
const KEPT = "fengxin.keys";
const GO = { q: "/desk", i: "/incidents", a: "/accounts", r: "/reports", m: "/me" };
const help = document.getElementById("keys-help");
const toggle = document.getElementById("keys-on");
let chord = "";
let chordUntil = 0;

const on = () => localStorage.getItem(KEPT) !== "off";
if (toggle) {
  toggle.checked = on();
  toggle.addEventListener("change", () => localStorage.setItem(KEPT, toggle.checked ? "on" : "off"));
}

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll(".row")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement) || row.classList.contains("is-open"));
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))] || all[0];
  next.querySelector(".row__title").focus();
  document.dispatchEvent(new CustomEvent("fengxin:row", { detail: next.dataset.number }));
}

function opened() {
  return document.activeElement?.closest(".row") || document.querySelector(".row.is-open");
}

function panes(step) {
  const all = [...document.querySelectorAll("#rail, #main, #peek")].filter((p) => p.offsetParent !== null);
  const at = all.findIndex((p) => p.contains(document.activeElement));
  all[(at + step + all.length) % all.length]?.focus();
}

function press(key) {
  const found = [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.offsetParent !== null || key === "f");
  if (!found) return false;
  found.click();
  const hash = found.getAttribute("href")?.split("#")[1];
  if (hash && key !== "f") document.getElementById(hash)?.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  return true;
}

function act(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const inChord = performance.now() < chordUntil ? chord : "";
  chord = "";
  if (inChord === "g" && GO[key]) { location.assign(GO[key]); return true; }
  if (inChord === "f" && /^[1-6]$/.test(key)) {
    document.querySelector(`[data-digit="${key}"]`)?.click();
    document.querySelector("#dismiss .btn")?.focus();
    return true;
  }
  if (key === "g" || key === "f") { chord = key; chordUntil = performance.now() + 1500; return key === "f" ? press("f") : true; }
  switch (key) {
    case "j": case "ArrowDown": if (!rows().length) return false; move(1); return true;
    case "k": case "ArrowUp": if (!rows().length) return false; move(-1); return true;
    case "o": { const row = opened(); if (row) location.assign(row.querySelector(".row__title").href); return Boolean(row); }
    case "n": { const field = document.getElementById("n"); if (field) { field.focus(); return true; } return press("n"); }
    case "/": document.querySelector(".find input")?.focus(); return true;
    case ".": document.dispatchEvent(new CustomEvent("fengxin:release")); return true;
    case "?": help?.showModal(); return true;
    case "[": panes(-1); return true;
    case "]": panes(1); return true;
    default: return "arctl".includes(key) && key.length === 1 ? press(key) : false;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (typing(event.target)) event.target.blur();
    for (const menu of document.querySelectorAll("details[open].whobox, details[open].viewmenu")) menu.open = false;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key !== "?" && !on()) return;
  if (act(event)) event.preventDefault();
});

// Acts that tell people are asked about first; without scripts the form simply acts.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button || button.dataset.sure) return;
  event.preventDefault();
  const box = document.createElement("dialog");
  box.className = "dialog ask";
  box.innerHTML = '<div class="dialog__b"><p></p></div><footer><button class="btn" autofocus>返回</button><button class="btn btn--go"></button></footer>';
  box.querySelector("p").textContent = button.dataset.ask;
  const [back, go] = box.querySelectorAll("button");
  go.textContent = button.firstChild.textContent.trim();
  back.addEventListener("click", () => box.close());
  go.addEventListener("click", () => { box.close(); button.dataset.sure = "1"; button.click(); });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
});
