// The workspace: says that there is news, and never swaps anything under somebody who is writing.
import { listen } from "./live.js";

const stirred = document.getElementById("stirred");
const number = decodeURIComponent(location.pathname.split("/")[2] || "");
// A reload would call off the way somebody has just taken elsewhere.
let leaving = false;
addEventListener("beforeunload", () => { leaving = true; });
const writing = () => [...document.querySelectorAll("textarea, input.input")].some((f) => f.value !== f.defaultValue);

listen({
  incidents(changes) {
    if (!changes.some((one) => one.number === number)) return;
    if (leaving || writing() || document.activeElement?.matches("textarea, input, select, button")) stirred.hidden = false;
    else location.reload();
  },
  async refresh() { return false; },
});
