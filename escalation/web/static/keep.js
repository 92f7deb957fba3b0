// What was typed is not lost: a form's text stays in this tab until the server took it, and is put back where it was.
const KEY = "fengxin:typed:";
const LIMIT = 256 * 1024;
const who = document.documentElement.dataset.who || "";
const forms = [...document.querySelectorAll("form[method='post']")];
const texts = (form) => [...form.querySelectorAll("textarea, input.input:not([type='file']):not([type='password'])")];
const place = (form) => {
  const action = form.getAttribute("action");
  return `${KEY}${action}#${forms.filter((one) => one.getAttribute("action") === action).indexOf(form)}`;
};

function forget(test) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(KEY) && test(key)) sessionStorage.removeItem(key);
}

function hold(form) {
  const typed = Object.fromEntries(texts(form).filter((f) => f.name && f.value).map((f) => [f.name, f.value]));
  if (!Object.keys(typed).length) return;
  try { sessionStorage.setItem(place(form), JSON.stringify({ who, typed })); } catch { /* the tab's store is full */ }
}

function say(form, words) {
  const line = form.querySelector("[data-kept]") || form.insertBefore(document.createElement("p"), form.firstChild);
  line.dataset.kept = "";
  line.className = "saidbar";
  line.setAttribute("role", "status");
  line.textContent = words;
}

function putBack(form) {
  const raw = sessionStorage.getItem(place(form));
  if (!raw) return;
  const kept = JSON.parse(raw);
  if (kept.who !== who) { sessionStorage.removeItem(place(form)); return; }
  const empty = texts(form).filter((f) => f.name in kept.typed && !f.value);
  for (const field of empty) field.value = kept.typed[field.name];
  if (empty.length) say(form, "上次没有送出的内容已填回，请核对后再提交。");
}

// The server took it: it answers with `done`, and an incident's page with what was done.
if (new URLSearchParams(location.search).has("done")) {
  const own = location.pathname;
  forget((key) => [own, "/raise"].some((path) => key.slice(KEY.length).startsWith(path)));
}

for (const form of forms) {
  putBack(form);
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("action") === "/sign-out") { forget(() => true); return; }
    hold(form);
    if (form.enctype === "multipart/form-data") return;
    const size = new URLSearchParams(new FormData(form)).toString().length;
    if (size <= LIMIT) return;
    event.preventDefault();
    say(form, "内容过大，没有送出，文字仍在下面。一次至多约 256 KB（汉字约 2.8 万个），请分几次录入或存为文件上传。");
  });
}
