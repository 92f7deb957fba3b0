// 跟随系统：在画出页面之前定下昼夜。服务器写明昼或夜时照办。
(() => {
  const root = document.documentElement;
  if (root.dataset.wish !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const set = () => { root.dataset.theme = dark.matches ? "night" : "day"; };
  set();
  dark.addEventListener("change", set);
})();
