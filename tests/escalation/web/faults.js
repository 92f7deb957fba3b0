() => {
  const faults = [];
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const ground = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const layer = colour(getComputedStyle(node).backgroundColor);
      if (layer.a > 0) layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    const element = texts.currentNode.parentElement;
    if (!words || !shown(element) || element.closest(".vh, :disabled, .t-nowtext")) continue;
    const style = getComputedStyle(element);
    const drawing = element.closest("svg");
    const under = ground(drawing ? drawing.parentElement : element);
    const ink = over(colour(drawing && style.fill !== "none" ? style.fill : style.color), under);
    const [dark, bright] = [light(ink), light(under)].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`对比度 ${ratio.toFixed(2)}：${words.slice(0, 12)}`);
    if (size < 12 && !drawing) faults.push(`字号 ${size}：${words.slice(0, 12)}`);
  }

  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const control of document.querySelectorAll(controls)) {
    if (!control.checkVisibility()) continue;
    const labels = [...(control.labels || [])].map((label) => label.textContent).join("");
    const own = control.matches("a, button, summary") ? control.textContent : "";
    if (!(control.getAttribute("aria-label") || labels || own).trim()) faults.push(`无名：${control.outerHTML.slice(0, 90)}`);
    if (control.tabIndex < 0 || control.disabled) continue;
    control.focus({ focusVisible: true, preventScroll: true });
    const ringed = (node) => node && getComputedStyle(node).outlineStyle !== "none";
    if (!ringed(control) && !ringed(control.closest(":focus-within.row, .find"))) {
      faults.push(`焦点看不见：${control.outerHTML.slice(0, 90)}`);
    }
  }

  let above = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    if (!heading.checkVisibility()) continue;
    const depth = Number(heading.tagName[1]);
    if (depth > above + 1) faults.push(`标题跳级 ${above} 到 ${depth}：${heading.textContent.trim().slice(0, 12)}`);
    above = depth;
  }
  for (const wanted of ["h1", "main", "html[lang='zh-CN']", "title"]) {
    if (document.querySelectorAll(wanted).length !== 1) faults.push(`须有且只有一个 ${wanted}`);
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.querySelector("th")) faults.push(`表格没有表头：${table.textContent.trim().slice(0, 12)}`);
  }
  const known = new Set();
  for (const { id } of document.querySelectorAll("[id]")) {
    if (known.has(id)) faults.push(`编号重复：${id}`);
    known.add(id);
  }
  return [...new Set(faults)];
}
