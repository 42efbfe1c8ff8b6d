/* Brings the figures of the queue page up to date, through the gateway, while somebody looks at it. */
"use strict";

(function () {
  const EVERY_MS = 5000;
  const page = document.querySelector("[data-queue]");
  const show = (name, isShown) => {
    page.querySelector(name).hidden = !isShown;
  };

  /* As the server writes lengths of time: two units at most. */
  function duration(seconds) {
    if (seconds === null || seconds === undefined) {
      return "–";
    }
    const total = Math.max(0, Math.floor(seconds));
    const parts = [
      [Math.floor(total / 86400), page.dataset.days],
      [Math.floor(total / 3600) % 24, "h"],
      [Math.floor(total / 60) % 60, page.dataset.minutes],
      [total % 60, "s"],
    ];
    const first = parts.findIndex(([number]) => number > 0);
    if (first === -1) {
      return "0 s";
    }
    return parts.slice(first, first + 2).filter(([number]) => number > 0).map((part) => part.join(" ")).join(" ");
  }

  function row(worker) {
    const line = document.createElement("tr");
    const done = Object.values(worker.tasks_done).reduce((sum, count) => sum + count, 0);
    [worker.name, duration(worker.uptime_seconds), worker.processes, done].forEach((text, place) => {
      const cell = document.createElement(place === 0 ? "th" : "td");
      if (place === 0) {
        cell.scope = "row";
      }
      cell.textContent = text;
      line.append(cell);
    });
    return line;
  }

  async function refresh() {
    const figures = await window.staff.call("queue.getMetrics", {});
    const answered = await window.staff.call("queue.getWorkers", {});
    page.querySelectorAll("[data-figure]").forEach((cell) => {
      cell.textContent = figures[cell.dataset.figure];
    });
    page.querySelectorAll("[data-seconds]").forEach((cell) => {
      cell.textContent = duration(figures[cell.dataset.seconds]);
    });
    page.querySelectorAll("[data-event-state]").forEach((cell) => {
      cell.textContent = figures.events[cell.dataset.eventState];
    });
    page.querySelectorAll("[data-status]").forEach((line) => {
      line.hidden = line.dataset.status !== answered.status;
    });
    page.querySelector("[data-workers]").replaceChildren(...answered.workers.map(row));
  }

  async function live() {
    if (!document.hidden) {
      try {
        await refresh();
        show("[data-live]", true);
        show("[data-stale]", false);
      } catch {
        show("[data-live]", false);
        show("[data-stale]", true);
      }
    }
    window.setTimeout(live, EVERY_MS);
  }

  live();
})();
