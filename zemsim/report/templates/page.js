(() => {
  "use strict";
  const store = document.getElementById("data");
  const data = store && JSON.parse(store.textContent);
  const root = document.documentElement;
  root.classList.add("js");

  // Numbers as in zemsim/core/numbers.py.
  const marks = { lv: [",", "\u00a0"], en: [".", ","] };
  function write(scaled, decimals, language, sign) {
    if (scaled === null || scaled === undefined) return "–";
    const [point, thousands] = marks[language];
    const digits = String(Math.abs(scaled)).padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, thousands);
    const rest = decimals ? point + digits.slice(digits.length - decimals) : "";
    return (scaled < 0 ? "\u2212" : sign && scaled > 0 ? "+" : "") + whole + rest;
  }
  function withUnit(text, unit, language) {
    if (text === "–" || !unit) return text;
    return unit === "%" && language === "en" ? text + "%" : text + "\u00a0" + unit;
  }

  function start(sheet) {
    const language = sheet.lang;
    const svg = sheet.querySelector("svg.map");
    if (!svg || !data) return;
    const words = data.words[language];
    const zones = [...svg.querySelectorAll(".zones path")];
    const policyBox = sheet.querySelector(".pick-policy");
    const layerBox = sheet.querySelector(".pick-layer");
    const card = sheet.querySelector(".card");
    const picked = svg.querySelector(".picked");
    let zone = -1;

    function fill(list, label, text) {
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      dt.textContent = label;
      dd.textContent = text;
      list.append(dt, dd);
    }
    function describe() {
      if (zone < 0) return;
      const layer = data.layers[layerBox.value];
      const change = layer.changes[policyBox.value];
      const level = layer.level[zone];
      const show = (value) => withUnit(write(value, layer.decimals, language), layer.unit[language], language);
      const name = document.createElement("strong");
      name.textContent = data.names[zone];
      const where = document.createElement("div");
      where.textContent = data.ids[zone];
      where.className = "note";
      const list = document.createElement("dl");
      fill(list, words.residents, write(data.residents[zone], 0, language));
      if (level === null) fill(list, words.few, "–");
      else {
        fill(list, words.without, show(level));
        if (change) {
          fill(list, words.withPolicy, show(change[zone] === null ? null : level + change[zone]));
          const text = withUnit(write(change[zone], layer.decimals, language, true), layer.diffUnit[language], language);
          const unclear = layer.classes[policyBox.value][zone] === "u" ? " (" + words.unclear + ")" : "";
          fill(list, words.difference, text + unclear);
        }
      }
      card.replaceChildren(name, where, list);
    }
    function draw() {
      const policy = policyBox.value;
      const key = layerBox.value;
      const level = policy === data.baseline;
      const classes = data.layers[key].classes[policy] || "";
      zones.forEach((path, i) => {
        const c = classes[i] || "-";
        path.setAttribute("class", c === "-" ? "na" : (level ? "s" : "d") + c);
      });
      sheet.querySelectorAll(".legend-set").forEach((set) => {
        set.hidden = set.dataset.layer !== key || set.dataset.kind !== (level ? "s" : "d");
      });
      svg.querySelectorAll(".extra-set").forEach((set) => set.toggleAttribute("hidden", set.dataset.policy !== policy));
      const title = layerBox.selectedOptions[0].textContent + ": " + policyBox.selectedOptions[0].textContent;
      sheet.querySelector(".map-title").textContent = title;
      svg.setAttribute("aria-label", title + ". " + words.label);
      describe();
    }
    function pick(i) {
      zone = i;
      picked.setAttribute("d", zones[i].getAttribute("d"));
      describe();
    }
    function neighbour(dx, dy) {
      if (zone < 0) return Math.max(0, data.residents.indexOf(Math.max(...data.residents)));
      let best = -1;
      let least = Infinity;
      for (let i = 0; i < zones.length; i++) {
        const ahead = (data.x[i] - data.x[zone]) * dx + (data.y[i] - data.y[zone]) * dy;
        const aside = Math.abs((data.x[i] - data.x[zone]) * dy) + Math.abs((data.y[i] - data.y[zone]) * dx);
        if (i === zone || ahead <= 0 || aside > 1.5 * ahead) continue;
        const cost = ahead + 2 * aside;
        if (cost < least) { least = cost; best = i; }
      }
      return best < 0 ? zone : best;
    }
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    svg.addEventListener("keydown", (event) => {
      if (!arrows[event.key]) return;
      event.preventDefault();
      pick(neighbour(...arrows[event.key]));
    });
    svg.addEventListener("click", (event) => {
      const i = zones.indexOf(event.target);
      if (i >= 0) pick(i);
    });
    policyBox.addEventListener("change", draw);
    layerBox.addEventListener("change", draw);
    draw();
  }

  const sheets = [...document.querySelectorAll(".sheet")];
  sheets.forEach(start);

  const picks = [...document.querySelectorAll(".pick")];
  function speak() {
    const chosen = picks.find((pick) => pick.checked);
    const sheet = chosen && sheets.find((one) => one.lang === chosen.id.slice(5));
    if (!sheet) return;
    root.lang = sheet.lang;
    document.title = sheet.dataset.title;
  }
  function follow() {
    const wanted = picks.find((pick) => location.hash.startsWith("#" + pick.id.slice(5)));
    if (!wanted || wanted.checked) return;
    wanted.checked = true;
    speak();
    const target = document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
  }
  picks.forEach((pick) => pick.addEventListener("change", speak));
  window.addEventListener("hashchange", follow);
  follow();

  // Paper shows everything: closed parts open for the print and close after it.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
})();
