// The desk: the queue swaps itself in, but nothing moves under the hand. New rows wait behind a bar, only Ⅰ and Ⅱ jump in.
import { paintAll } from "./clock.js";
import { listen } from "./live.js";
import { ring, setUp } from "./tone.js";

const queue = document.getElementById("queue");
const bar = document.getElementById("newbar");
const polite = document.getElementById("polite");
const assertive = document.getElementById("assertive");
let waiting = null;
let open = document.querySelector("#peek [data-number]")?.dataset.number || "";

const rows = (box) => [...box.querySelectorAll(".row")];
const numbers = (box) => new Set(rows(box).map((row) => row.dataset.number));

async function fetched(src) {
  const answer = await fetch(src, { headers: { "x-fragment": "1" } });
  if (answer.status === 401) { location.reload(); return null; }
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

function anchor() {
  const top = queue.getBoundingClientRect().top;
  return queue.querySelector(".row:focus-within") || queue.querySelector(".row:hover")
    || rows(queue).find((row) => row.getBoundingClientRect().bottom > top);
}

// Put the fresh rows in place and scroll by as much as the row under the hand would have moved.
function put(fresh) {
  const held = anchor();
  const number = held?.dataset.number;
  const before = held?.getBoundingClientRect().top;
  const focused = held?.contains(document.activeElement);
  const old = numbers(queue);
  queue.replaceChildren(...fresh.childNodes);
  for (const row of rows(queue)) {
    if (!old.has(row.dataset.number)) row.classList.add("is-new");
    if (row.dataset.number === open) { row.classList.add("is-open"); row.setAttribute("aria-current", "true"); }
  }
  const after = number && document.getElementById(`row-${number}`);
  if (after) {
    queue.scrollTop += after.getBoundingClientRect().top - before;
    if (focused) after.querySelector(".row__title").focus({ preventScroll: true });
  }
  for (const box of queue.querySelectorAll(".group-box")) if (!box.querySelector(".row")) box.remove();
  const total = document.getElementById("total");
  if (total) total.textContent = rows(queue).length;
  paintAll();
}

function hold(fresh) {
  const known = numbers(queue);
  const late = rows(fresh).filter((row) => !known.has(row.dataset.number) && Number(row.dataset.level) > 2);
  waiting = late.length ? fresh.cloneNode(true) : null;
  for (const row of late) row.remove();
  bar.hidden = !late.length;
  bar.textContent = late.length ? `${late.length} 件新事件，按 . 显示` : "";
  if (late.length) polite.textContent = `${late.length} 件新事件等候显示`;
  return fresh;
}

export function release() {
  if (!waiting) return;
  put(waiting);
  waiting = null;
  bar.hidden = true;
}

async function refreshQueue() {
  const fresh = await fetched(queue.dataset.src).catch(() => null);
  if (!fresh) return false;
  put(hold(fresh));
  return true;
}

async function swap(id, src) {
  const fresh = await fetched(src).catch(() => null);
  if (fresh) document.getElementById(id).replaceChildren(...fresh.childNodes);
}

async function peek(number) {
  const fresh = await fetched(`/incidents/${number}/peek`).catch(() => null);
  if (!fresh) return;
  open = number;
  document.getElementById("peek").replaceChildren(...fresh.childNodes);
  for (const row of rows(queue)) {
    const own = row.dataset.number === number;
    row.classList.toggle("is-open", own);
    if (own) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
  paintAll();
}

let soon = null;
const later = (what, ms) => { clearTimeout(soon); soon = setTimeout(what, ms); };
let feedSoon = null;
const feed = document.getElementById("feed");

listen({
  incidents(changes) {
    for (const one of changes.filter((c) => c.opened)) {
      if (one.level <= 2) assertive.textContent = `新事件：${one.title}`;
      ring(one.level);
    }
    later(async () => {
      await refreshQueue();
      swap("rail", queue.dataset.src.replace("/desk/queue", "/desk/rail"));
      swap("tide", "/desk/tide");
      if (changes.some((c) => c.number === open)) peek(open);
    }, 250);
  },
  posts() {
    if (feedSoon) return;
    feedSoon = setTimeout(() => { feedSoon = null; if (!feed.matches(":hover")) swap("feed", feed.dataset.src); }, 1500);
  },
  refresh: refreshQueue,
});

bar.addEventListener("click", release);
queue.addEventListener("click", (event) => {
  const link = event.target.closest(".row__title");
  const wide = window.matchMedia("(min-width: 720px)").matches;
  if (!link || !wide || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  if (event.detail === 0) return; // the keyboard opens the page itself
  event.preventDefault();
  const number = link.closest(".row").dataset.number;
  if (number === open && event.detail > 1) location.assign(link.href);
  else peek(number);
});
document.addEventListener("fengxin:row", (event) => peek(event.detail));
document.addEventListener("fengxin:release", release);
setInterval(() => swap("tide", "/desk/tide"), 60000);
setInterval(() => swap("hots", "/desk/hot"), 60000);
setInterval(refreshQueue, 60000);
setUp(document.getElementById("sound"));
if (open) document.getElementById(`row-${open}`)?.classList.add("is-open");
