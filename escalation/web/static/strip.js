// The watch strip stays fresh on every page: what the machine cannot see is never hidden by an old page.
const box = document.getElementById("strip");

async function refresh() {
  if (document.hidden || box.contains(document.activeElement)) return;
  const answer = await fetch("/strip", { headers: { "x-fragment": "1" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  box.replaceChildren(...fresh.childNodes);
}

setInterval(refresh, 10000);
document.addEventListener("visibilitychange", refresh);
