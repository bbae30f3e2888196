// The speaker's notes: a small window of their own, which hears from the page that is presented.

/** @typedef {{ title: string, line: string, notes: { say: string[], ask: string[], beware: string } }} Speaking */
/** @typedef {{ sentence: string, question: string, options: { value: string, label: string, said: string }[], right: string, task: string }} Scene */

export const NOTES = "epool-notes"; // the window and the channel

const CSS = `body { font: 1.25rem/1.45 system-ui, sans-serif; margin: 1.25rem; color: #16202a; background: #fff; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 1rem 0 .25rem; } p { margin: .25rem 0; }
#clock { float: right; font-variant-numeric: tabular-nums; margin: 0; }
@media (prefers-color-scheme: dark) { body { color: #e8edf2; background: #11151c; } }`;
// of the window itself, for the page that opened it may go on to another one
const SCRIPT = `new BroadcastChannel("${NOTES}").onmessage = ({ data }) => {
  const element = ([tag, text]) => Object.assign(document.createElement(tag), { textContent: text });
  document.querySelector("main").replaceChildren(...data.map(element));
};
const begun = performance.now();
setInterval(() => {
  const seconds = Math.floor((performance.now() - begun) / 1000);
  document.querySelector("#clock").textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}, 1000);`;

/**
 * What stands in the window: tags and their texts.
 *
 * @param {Speaking & { scene: Scene | null }} told
 * @returns {[string, string][]}
 */
export function linesOf({ title, line, notes, scene }) {
  const lines = (/** @type {string} */ heading, /** @type {string[]} */ texts) => /** @type {[string, string][]} */ (texts.length ? [["h2", heading], ...texts.map((text) => ["p", text])] : []);
  const right = scene?.options.find(({ value }) => value === scene.right);
  return [
    ["h1", title],
    ["p", line],
    ...(scene ? lines("This scene", [scene.sentence, `Ask: ${scene.question}`, `Right: ${right?.label}. ${right?.said}`, `Then: ${scene.task}`]) : []),
    ...lines("Say", notes.say), ...lines("Ask the room", notes.ask), ...lines("Beware", [notes.beware].filter(Boolean)),
    ...lines("Keys", ["Clicker or Page Down: on. Page Up: back. B: black. Escape: end."]),
  ];
}

/**
 * Fill an empty window; it follows the channel until it is closed.
 *
 * @param {Document} document
 */
export function fillNotes(document) {
  const made = (/** @type {string} */ tag, attributes = {}) => Object.assign(document.createElement(tag), attributes);
  document.title = "Notes for the speaker · epool_viz";
  document.documentElement.lang = "en";
  document.head.append(made("style", { textContent: CSS }));
  document.body.replaceChildren(made("p", { id: "clock", textContent: "0:00" }), made("main"), made("script", { textContent: SCRIPT }));
}
