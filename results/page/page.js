'use strict';
(() => {
  const across = 20000; // units of a data layer, as the drawings have it
  const svg = 'http://www.w3.org/2000/svg';

  // The same roundings as the labels that came with the page.
  function roundStep(x) {
    const power = 10 ** Math.floor(Math.log10(x));
    return power * ([1, 2, 5].find((m) => m * power >= x * (1 - 1e-9)) ?? 10);
  }
  function timeStep(ns) {
    const round = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400].find((s) => ns > 20e9 && s * 1e9 >= ns);
    return round ? round * 1e9 : roundStep(ns);
  }
  function trimmed(x, digits) {
    let s = x.toFixed(digits);
    if (digits > 0) s = s.replace(/\.?0+$/, '');
    return s === '-0' ? '0' : s.replace('-', '−');
  }
  function clock(ns, step) {
    let [unit, name] = [1e9, 's'];
    if (step < 1e6 && Math.abs(ns) < 1e9) {
      [unit, name] = Math.abs(ns) >= 1e6 || step >= 1e5 ? [1e6, 'ms'] : [1e3, 'µs'];
    } else if (step < 1e8 && Math.abs(ns) < 1e10) {
      [unit, name] = [1e6, 'ms'];
    }
    if (unit === 1e9 && step >= 30e9) {
      const s = Math.floor(ns / 1e9);
      return Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
    }
    let digits = 0;
    for (let s = step; s > 0 && s < unit && digits < 6; s *= 10) digits++;
    return trimmed(ns / unit, digits) + ' ' + name;
  }
  const spell = {
    count: (v) => v.toLocaleString('en'),
    tokens: (v) => trimmed(v / 100, 2),
    ms: (v) => (v < 0 ? 'none' : v < 1000 ? v + ' µs' : trimmed(v / 1000, v < 1e5 ? 2 : 0) + ' ms'),
  };

  // A chart over time. Those of one server that show the same time zoom together.
  class Chart {
    constructor(figure) {
      this.figure = figure;
      this.canvas = figure.querySelector('.canvas');
      this.plot = figure.querySelector('svg.plot');
      this.data = figure.querySelector('svg.data');
      this.out = figure.querySelector('.readout');
      this.values = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      this.full = [this.values.from, this.values.to];
      this.view = [...this.full];
      this.peers = [this];
      this.cursor = this.data.appendChild(document.createElementNS(svg, 'path'));
      this.cursor.setAttribute('class', 'cursor');
      this.at = null;
      this.listen();
    }

    listen() {
      const tools = this.figure.querySelector('.tools');
      tools.hidden = false;
      tools.addEventListener('click', (e) => {
        const what = e.target.dataset.do;
        if (what) this.turn(what);
      });
      this.canvas.addEventListener('keydown', (e) => this.key(e));
      this.canvas.addEventListener('pointermove', (e) => this.hover(e));
      this.canvas.addEventListener('pointerleave', () => { if (!this.from) this.point(null); });
      this.canvas.addEventListener('pointerdown', (e) => this.press(e));
      this.canvas.addEventListener('pointerup', (e) => this.release(e));
      this.canvas.addEventListener('pointercancel', () => this.drop());
      this.canvas.addEventListener('dblclick', () => this.turn('all'));
      for (const w of this.data.querySelectorAll('.witness')) {
        w.addEventListener('focus', () => {
          const [from, to] = [Number(w.dataset.from), Number(w.dataset.to)];
          if (to < this.view[0] || from > this.view[1]) this.zoom(from, to);
          this.out.textContent = w.getAttribute('aria-label') + ' (Enter zooms to it)';
        });
      }
    }

    get length() { return this.view[1] - this.view[0]; }
    get slice() { return (this.full[1] - this.full[0]) / this.values.rows[0].length; }

    key(e) {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const witness = e.target.closest('.witness');
      const step = Math.max(this.slice, this.length / 200) * (e.shiftKey ? 10 : 1);
      const middle = this.view[0] + this.length / 2;
      const does = {
        ArrowRight: () => this.point((this.at ?? middle) + step, true),
        ArrowLeft: () => this.point((this.at ?? middle) - step, true),
        '+': () => this.turn('in'), '=': () => this.turn('in'), '-': () => this.turn('out'), '0': () => this.turn('all'),
        Escape: () => this.point(null),
        Enter: () => witness && this.near(Number(witness.dataset.from), Number(witness.dataset.to)),
      }[e.key];
      if (!does || (e.key === 'Enter' && !witness)) return;
      e.preventDefault();
      does();
    }

    // near zooms to a stretch of time, with something on both sides of it.
    near(from, to) {
      const margin = Math.max((to - from) * 0.25, this.slice * 2);
      this.zoom(from - margin, to + margin);
    }

    turn(what) {
      const middle = this.at ?? this.view[0] + this.length / 2;
      const half = this.length / 2;
      const to = {
        in: [middle - half / 2, middle + half / 2],
        out: [middle - half * 2, middle + half * 2],
        left: [this.view[0] - half / 2, this.view[1] - half / 2],
        right: [this.view[0] + half / 2, this.view[1] + half / 2],
        all: this.full,
      }[what];
      this.zoom(...to);
    }

    zoom(from, to) {
      const whole = this.full[1] - this.full[0];
      const length = Math.min(Math.max(to - from, this.slice * 4), whole);
      let start = (from + to) / 2 - length / 2;
      start = Math.min(Math.max(start, this.full[0]), this.full[1] - length);
      for (const c of this.peers) {
        c.view = [start, start + length];
        c.draw();
      }
    }

    share(ns) { return (ns - this.full[0]) / (this.full[1] - this.full[0]); }
    seen(ns) { return (ns - this.view[0]) / this.length; }

    draw() {
      const height = this.data.viewBox.baseVal.height;
      this.data.setAttribute('viewBox', `${this.share(this.view[0]) * across} 0 ${(this.length / (this.full[1] - this.full[0])) * across} ${height}`);
      const step = timeStep(this.length / Math.max(2, Math.floor(this.plot.clientWidth / 110)));
      const labels = this.figure.querySelector('.xticks');
      labels.replaceChildren();
      let grid = '';
      for (let t = Math.ceil(this.view[0] / step) * step; t <= this.view[1]; t += step) {
        grid += `M${this.share(t) * across} 0V${height}`;
        const text = labels.appendChild(document.createElementNS(svg, 'text'));
        text.setAttribute('class', 'tick');
        text.setAttribute('x', this.seen(t) * 100 + '%');
        text.setAttribute('y', height + 17);
        const last = this.seen(t) > 0.95; // half of it would be beyond the edge of a narrow screen
        text.setAttribute('dx', last ? 10 : 0);
        text.setAttribute('text-anchor', last ? 'end' : 'middle');
        text.textContent = clock(Math.round(t), step);
      }
      this.data.querySelector('.xgrid').setAttribute('d', grid);
      for (const flag of this.plot.querySelectorAll('[data-at]')) {
        const x = this.seen(Number(flag.dataset.at));
        flag.setAttribute('x', x * 100 + '%');
        flag.setAttribute('visibility', x < 0 || x > 1 ? 'hidden' : 'visible');
      }
    }

    // point reads the values at an instant out; the view follows a key.
    point(ns, follow) {
      this.at = ns === null ? null : Math.min(Math.max(ns, this.full[0]), this.full[1] - 1);
      if (this.at === null) {
        this.cursor.setAttribute('d', '');
        this.out.textContent = '';
        return;
      }
      if (follow && (this.at < this.view[0] || this.at > this.view[1])) {
        this.zoom(this.at - this.length / 2, this.at + this.length / 2);
      }
      this.cursor.setAttribute('d', `M${this.share(this.at) * across} 0V${this.data.viewBox.baseVal.height}`);
      const rows = this.values.rows;
      const k = Math.min(Math.floor(this.share(this.at) * rows[0].length), rows[0].length - 1);
      const start = this.full[0] + k * this.slice;
      const digits = roundStep(this.slice) / 2;
      const parts = rows.map((row, i) => {
        const v = row[k];
        return this.values.format[i] === 'count' && v === 0 ? '' : `${this.values.names[i]} ${spell[this.values.format[i]](v)}`;
      });
      this.out.textContent = `${clock(start, digits)} to ${clock(start + this.slice, digits)}: ${parts.filter(Boolean).join(', ')}`;
    }

    instant(e) {
      const box = this.plot.getBoundingClientRect();
      return this.view[0] + ((e.clientX - box.left) / box.width) * this.length;
    }

    hover(e) {
      const at = this.instant(e);
      if (at < this.view[0] || at > this.view[1]) return;
      this.point(at);
      if (this.from) {
        const [a, b] = [this.from, at].map((t) => this.share(t) * across);
        this.drag.setAttribute('d', `M${a} 0H${b}V${this.data.viewBox.baseVal.height}H${a}Z`);
      }
    }

    press(e) {
      if (e.pointerType !== 'mouse' || e.button !== 0) return;
      const at = this.instant(e);
      if (at < this.view[0] || at > this.view[1]) return;
      this.from = at;
      this.drag = this.data.appendChild(document.createElementNS(svg, 'path'));
      this.drag.setAttribute('class', 'drag');
      this.canvas.setPointerCapture(e.pointerId);
    }

    release(e) {
      if (!this.from) return;
      const [from, to] = [this.from, this.instant(e)].sort((a, b) => a - b);
      this.drop();
      if (to - from > this.length / 50) this.zoom(from, to);
    }

    drop() {
      this.drag?.remove();
      this.from = this.drag = null;
    }
  }

  const charts = new Map();
  for (const figure of document.querySelectorAll('figure.chart')) {
    if (figure.querySelector('.readout')) charts.set(figure.id, new Chart(figure));
  }
  for (const section of document.querySelectorAll('section.server')) {
    const mine = [...charts.values()].filter((c) => section.contains(c.figure));
    for (const c of mine) c.peers = mine.filter((o) => o.full[0] === c.full[0] && o.full[1] === c.full[1]);
    for (const c of mine) c.draw();
  }
  addEventListener('resize', () => { for (const c of charts.values()) c.draw(); });

  // A witness that has a drawing of its own is shown there, another one in the
  // whole timeline.
  document.addEventListener('click', (e) => {
    const link = e.target.closest('a[data-show]');
    if (!link) return;
    const own = charts.get(link.dataset.show + '-close');
    const witness = document.querySelector(`figure${own ? '#' + CSS.escape(own.figure.id) : ''} .witness[data-witness="${CSS.escape(link.dataset.show)}"]`);
    if (!witness) return;
    e.preventDefault();
    const chart = charts.get(witness.closest('figure').id);
    if (!own) chart.near(Number(witness.dataset.from), Number(witness.dataset.to));
    chart.figure.scrollIntoView({ block: 'center' });
    witness.focus({ preventScroll: true });
  });

  // Paper shows the whole run.
  addEventListener('beforeprint', () => { for (const c of charts.values()) c.zoom(...c.full); });
})();
