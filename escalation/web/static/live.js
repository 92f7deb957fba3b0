// The live line: server-sent events, how old the page is, and what to do when the line is cut.
import { measure, serverNow, wallTime } from "./clock.js";

const SILENT = 30000;
const POLL = 10000;

export function listen(handlers) {
  const bar = document.getElementById("stale");
  let heard = Date.now();
  let good = serverNow();
  let source = null;
  let stale = false;
  let tries = 0;
  let polled = 0;
  let mark = document.documentElement.dataset.mark || "";

  const hear = (event) => {
    mark = event.lastEventId || mark;
    heard = Date.now();
    good = serverNow();
    if (stale) { stale = false; tries = 0; show(); handlers.refresh(); }
  };
  const show = () => {
    bar.hidden = !stale;
    document.documentElement.toggleAttribute("data-stale", stale);
    for (const button of document.querySelectorAll("[data-blind]")) {
      button.disabled = stale;
      button.title = stale ? "连接中断，看不到最新状态" : "";
    }
    if (stale) {
      document.getElementById("stale-at").textContent = wallTime(good);
      document.getElementById("stale-try").textContent = `正在重连，第 ${tries} 次`;
    }
  };
  const open = () => {
    if (source) source.close();
    source = new EventSource("/events?after=" + encodeURIComponent(mark));
    source.addEventListener("beat", (e) => { measure(JSON.parse(e.data).now); hear(e); });
    source.addEventListener("incidents", (e) => { hear(e); handlers.incidents(JSON.parse(e.data)); });
    source.addEventListener("posts", (e) => { hear(e); handlers.posts?.(JSON.parse(e.data)); });
    source.addEventListener("mark", hear);
    source.addEventListener("gone", () => { source.close(); location.assign("/sign-in?next=" + encodeURIComponent(location.pathname)); });
  };
  setInterval(async () => {
    if (Date.now() - heard <= SILENT) return;
    stale = true;
    if (Date.now() - polled < POLL) return;
    polled = Date.now();
    tries += 1;
    show();
    if (source.readyState === EventSource.CLOSED || tries % 3 === 0) open();
    if (await handlers.refresh()) { good = serverNow(); show(); }
  }, 1000);
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (e) => { if (e.persisted) open(); });
}
