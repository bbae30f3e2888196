// What components import from `lib`, by the names of its modules: the page holds one copy, which the store hands on.

export * as a11y from "./a11y.js";
export * as cursor from "./cursor.js";
export * as dom from "./dom.js";
export * as drawing from "./drawing.js";
export * as glyphs from "./glyphs.js";
export * as guide from "./guide.js";
export * as hand from "./hand.js";
export * as input from "./input.js";
export * as link from "./link.js";
export * as maths from "./maths.js";
export * as motion from "./motion.js";
export * as numbers from "./numbers.js";
export * as opening from "./opening.js";
export * as paths from "./paths.js";
export * as reach from "./reach.js";
export * as steps from "./steps.js";
export * as store from "./store.js";
export * as style from "./style.js";
export * as tables from "./tables.js";
export * as ticks from "./ticks.js";
export * as walking from "./walking.js";
