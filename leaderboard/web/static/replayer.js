// The replayer: plays a round in every element with a data-replay address. The element's property
// `replay` is its Player.

import { button, chip, element, icon, listed, named, number, plural, table } from "./elements.js";
import { Inspector } from "./inspector.js";
import { Overview, shareAt, turnAt } from "./overview.js";
import { Picture } from "./picture.js";
import { Round } from "./round.js";

const WHOLE = 10; // seconds that the whole round takes at the last speed
const SPEEDS = [1, 10, 100, 1000, 10_000, Infinity]; // turns a second
const WIDEST = 726; // of the map beside the tables; 100 columns of 7 pixels fit
const LISTING_MS = 250; // while playing, the listing changes no faster than one can look

export class Player {
  #moment = 0; // the turn, with its fraction while playing
  #frame = 0; // what requestAnimationFrame gave; 0 when not playing
  #listedAt = 0;

  constructor(round) {
    this.round = round;
    this.root = element("div", { class: "replay" });
    this.inspector = new Inspector(round, () => this.#show());
    this.root.append(
      element("div", { class: "replay-left" }, this.#stage(), this.#time(), this.#controls()),
      element("div", { class: "replay-right" }, this.#warriors(), this.inspector.root),
      this.#hint(),
    );
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.overview = new Overview(this.graph, round);
    round.seek(0);
  }

  // To be called when `root` is on the page.
  start() {
    new ResizeObserver(() => this.#fit()).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#fit());
    this.#fit();
  }

  // ---- The parts

  #stage() {
    const stage = element("div", { class: "replay-stage", tabindex: "0", role: "group" });
    stage.setAttribute("aria-label", "Player, controlled by the keys named below");
    this.picture = new Picture(stage, this.round);
    stage.addEventListener("click", (event) => this.inspector.pin(this.picture.addressAt(event)));
    return stage;
  }

  #time() {
    this.graph = element("canvas", { "aria-hidden": "true" });
    const range = { type: "range", min: "0", max: "1000", step: "any", "aria-label": "Turn" };
    this.scrubber = element("input", range);
    this.scrubber.addEventListener("input", () =>
      this.seek(turnAt(this.scrubber.value / 1000, this.round.turns)),
    );
    return element("div", { class: "replay-time" }, this.graph, this.scrubber);
  }

  #controls() {
    this.playButton = button("Play", () => this.toggle());
    this.playButton.setAttribute("aria-pressed", "false");
    this.speed = element("select", { "aria-label": "Speed" });
    for (const turns of SPEEDS) {
      const whole = `whole round in ${WHOLE} s`;
      const text = Number.isFinite(turns) ? `${plural(turns, "turn")} a second` : whole;
      this.speed.append(element("option", {}, text));
    }
    this.speed.selectedIndex = SPEEDS.length - 1;
    [this.turn, this.cycle] = [element("span"), element("span")];
    const clock = element("p", { class: "replay-clock" }, this.turn, " ", this.cycle);
    this.status = element("p", { class: "replay-status", "aria-live": "polite" });
    const buttons = element(
      "div",
      { class: "replay-buttons" },
      button("Start", () => this.seek(0)),
      button("Step back", () => this.seek(this.round.turn - 1)),
      this.playButton,
      button("Step forward", () => this.seek(this.round.turn + 1)),
      button("End", () => this.seek(this.round.turns)),
      this.speed,
    );
    return element("div", { class: "replay-controls" }, buttons, clock, this.status);
  }

  #warriors() {
    this.rows = this.round.warriors.map(({ name }, seat) => {
      const [state, processes, cells] = ["small", "td", "td"].map((tag) => element(tag));
      const title = element("th", { scope: "row" }, chip(seat), element("bdi", {}, name), state);
      return { row: element("tr", {}, title, processes, cells), state, processes, cells };
    });
    const titles = ["Warrior", "Processes", "Cells"];
    return table("replay-warriors", titles, this.rows.map(({ row }) => row));
  }

  #hint() {
    const keys = [
      ["Space", "play or pause"],
      ["← →", "one turn"],
      ["Shift ← →", "100 turns"],
      ["↑ ↓", "speed"],
      ["Home End", "start or end"],
      ["Click", "inspect a cell"],
    ];
    const texts = keys.map(([key, text]) => element("span", {}, element("kbd", {}, key), ` ${text}`));
    return element("p", { class: "replay-hint" }, ...texts);
  }

  // ---- What one can do

  get playing() {
    return this.#frame !== 0;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing) return;
    this.#announce("");
    if (this.round.turn === this.round.turns) this.round.seek(0);
    this.#moment = this.round.turn;
    let before = performance.now();
    const tick = (now) => {
      this.#frame = requestAnimationFrame(tick);
      this.#advance(Math.min(Math.max(0, now - before), 100) / 1000);
      before = now;
    };
    this.#frame = requestAnimationFrame(tick);
    this.#showPlaying();
  }

  pause() {
    this.#stop();
    this.#announce(`Paused at turn ${number(this.round.turn)}. ${this.#counts()}`);
    this.#show();
  }

  // Go to a turn, paused.
  seek(turn) {
    this.#stop();
    this.round.seek(turn);
    this.#announce(this.round.turn === this.round.turns ? this.#outcome() : "");
    this.#show();
  }

  #stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#showPlaying();
  }

  #advance(seconds) {
    const { turn: before, turns } = this.round;
    const rate = SPEEDS[this.speed.selectedIndex];
    this.#moment = Number.isFinite(rate)
      ? this.#moment + rate * seconds
      : turns * (shareAt(this.#moment, turns) + seconds / WHOLE) ** 2;
    this.round.forward(Math.floor(this.#moment));
    const dead = this.#deaths().filter(({ turn }) => turn > before && turn <= this.round.turn);
    if (dead.length) this.#announce(dead.map(({ text }) => text).join(" "));
    if (this.round.turn === turns) {
      this.#stop();
      this.#announce(this.#outcome());
    }
    this.#show();
  }

  #onKey(event) {
    const { key, target } = event;
    const typing = target === this.inspector.input || target === this.speed;
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (key === " " && target.tagName === "BUTTON") return; // which it presses
    const turns = event.shiftKey ? 100 : 1;
    const actions = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.seek(this.round.turn - turns),
      ArrowRight: () => this.seek(this.round.turn + turns),
      ArrowUp: () => this.#changeSpeed(1),
      ArrowDown: () => this.#changeSpeed(-1),
      Home: () => this.seek(0),
      End: () => this.seek(this.round.turns),
    };
    if (!actions[key]) return;
    event.preventDefault();
    actions[key]();
  }

  #changeSpeed(by) {
    const wanted = this.speed.selectedIndex + by;
    this.speed.selectedIndex = Math.max(0, Math.min(wanted, SPEEDS.length - 1));
  }

  // ---- What is shown

  #fit() {
    const width = this.root.clientWidth;
    const wide = width >= 860;
    this.root.classList.toggle("replay-wide", wide);
    this.picture.fit(wide ? Math.min(WIDEST, width - 360) : width);
    this.root.style.setProperty("--replay-width", `${this.picture.width}px`);
    this.overview.draw();
    this.#show();
  }

  #showPlaying() {
    this.playButton.setAttribute("aria-pressed", `${this.playing}`);
    this.playButton.title = this.playing ? "Pause" : "Play";
    this.playButton.replaceChildren(icon(this.playButton.title));
  }

  #show() {
    const { round } = this;
    this.picture.draw(this.inspector.pinned);
    this.scrubber.value = 1000 * shareAt(round.turn, round.turns);
    const time = `turn ${number(round.turn)} of ${number(round.turns)}`;
    this.scrubber.setAttribute("aria-valuetext", time);
    this.turn.textContent = time;
    this.cycle.textContent = `cycle ${number(round.cycle)} of ${number(round.maxCycles)}`;
    this.rows.forEach(({ row, state, processes, cells }, seat) => {
      const { death_turn: death } = round.warriors[seat];
      const dead = death > 0 && death <= round.turn;
      row.classList.toggle("replay-dead", dead);
      state.textContent = dead ? `died in turn ${number(death)}` : "alive";
      processes.textContent = number(round.queues[seat].length);
      cells.textContent = number(round.owned[seat]);
    });
    const now = performance.now();
    if (this.playing && now - this.#listedAt < LISTING_MS) return;
    this.#listedAt = now;
    this.inspector.show();
  }

  #announce(text) {
    this.status.textContent = text;
  }

  #counts() {
    const texts = this.round.warriors.map((warrior, seat) => {
      const { length } = this.round.queues[seat];
      if (!length) return `${named(warrior)} is dead.`;
      return `${named(warrior)}: ${plural(length, "process", "processes")}.`;
    });
    return texts.join(" ");
  }

  #deaths() {
    const dead = this.round.warriors.filter(({ death_turn: turn }) => turn > 0);
    const deaths = dead.map((warrior) => {
      const turn = warrior.death_turn;
      return { turn, text: `${named(warrior)} died in turn ${number(turn)}.` };
    });
    return deaths.sort((one, other) => one.turn - other.turn);
  }

  #outcome() {
    const { warriors } = this.round;
    const alive = warriors.filter(({ death_turn: turn }) => turn === 0).map(named);
    const deaths = this.#deaths().map(({ text }) => text);
    if (alive.length > 1) return [...deaths, `A tie of ${listed(alive)}.`].join(" ");
    const wins = warriors.length > 1 ? "wins" : "survives";
    return [...deaths, alive.length ? `${alive[0]} ${wins}.` : "Nobody survives."].join(" ");
  }
}

// ---- Attaching players to the page

async function fetched(address) {
  const response = await fetch(address).catch(() => {
    throw new Error("The server cannot be reached.");
  });
  if (response.ok) return response.arrayBuffer();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem?.title ?? `The server answered ${response.status}.`);
}

async function attach(section) {
  const note = element("p", { class: "replay-note", role: "status" }, "Loading the battle …");
  section.append(note);
  try {
    section.replay = new Player(new Round(await fetched(section.dataset.replay)));
    note.replaceWith(section.replay.root);
    section.replay.start();
  } catch (error) {
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", () => {
      note.remove();
      attach(section);
    });
    note.replaceChildren(`The battle cannot be shown: ${error.message} `, retry);
  }
}

document.querySelectorAll("[data-replay]").forEach(attach);
