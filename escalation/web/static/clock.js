// Deadline clocks: repainted each second from the server's due times and the measured offset; right after a sleep, too.
const root = document.documentElement;
const state = { offset: Number(root.dataset.now || Date.now()) - Date.now() };

export const serverNow = () => Date.now() + state.offset;
export const measure = (serverMs) => { state.offset = serverMs - Date.now(); };

const two = (n) => String(n).padStart(2, "0");

export function figure(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s >= 86400) return `${Math.floor(s / 86400)} 日 ${Math.floor((s % 86400) / 3600)} 时`;
  if (s >= 3600) return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return `${two(Math.floor(s / 60))}:${two(s % 60)}`;
}

export function tone(left, whole) {
  if (left <= 0) return "late";
  const share = whole > 0 ? left / whole : 0;
  return share <= 0.2 ? "now" : share <= 0.5 ? "soon" : "";
}

const TONES = ["soon", "now", "late"];
const SAID = { soon: "时限过半", now: "时限将尽", late: "已逾期" };

function announce(clock, name) {
  const live = document.getElementById(name === "late" ? "assertive" : "polite");
  const row = clock.closest(".row");
  const title = row ? row.querySelector(".row__title").textContent : "";
  if (live) live.textContent = `${SAID[name]}：${clock.querySelector(".clock__k").textContent} ${title}`;
}

export function paint(clock, now) {
  const due = Number(clock.dataset.due);
  const set = Number(clock.dataset.set);
  const left = due - now;
  const name = tone(left, due - set);
  const value = clock.querySelector(".clock__v");
  value.querySelector("small").textContent = left > 0 ? "剩" : "逾期";
  value.querySelector("time").textContent = figure(Math.abs(left));
  const bar = clock.querySelector("rect.left");
  if (bar) bar.setAttribute("width", Math.max(0, Math.min(120, (left / (due - set)) * 120)).toFixed(1));
  if (name && !clock.classList.contains(`clock--${name}`)) announce(clock, name);
  for (const one of TONES) clock.classList.toggle(`clock--${one}`, one === name);
}

const wall = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
export const wallTime = (ms) => wall.format(new Date(ms));

export function paintAll() {
  const now = serverNow();
  for (const clock of document.querySelectorAll(".clock[data-due]")) paint(clock, now);
  for (const id of ["clock", "lognow"]) {
    const at = document.getElementById(id);
    if (at) at.textContent = wallTime(now);
  }
  headline(now);
}

// The window's title: how many need a hand within a quarter of an hour, and the nearest clock.
const base = document.title;
function headline(now) {
  if (!document.getElementById("queue")) return;
  const rows = [...document.querySelectorAll("#queue .clock[data-due]")].map((c) => Number(c.dataset.due));
  const near = rows.filter((due) => due - now <= 900000);
  if (!near.length) { document.title = base; return; }
  const next = Math.min(...near);
  document.title = `(${near.length}) ${next > now ? "剩" : "逾期"} ${figure(Math.abs(next - now))} · 风信`;
}

paintAll();
setInterval(paintAll, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) paintAll(); });
