"""The widgets that only draw the store: the keys of the state and the options of each."""

from __future__ import annotations

from epool_viz.components.base import Component


class Opening(Component):
    """Brings into view, and gives the focus to, what a button of Python's opens.

    Parameters
    ----------
    store : Store
    options : dict
        `opens`: list of dict, each `button` and `shows`, CSS selectors.
    """

    module = "opening"


class PooledAxis(Component):
    """Average, ePool, max and log-sum-exp, and the entropy between them; see `web/axis/index.js` for its options."""

    module = "axis"


class InHand(Component):
    """What the visitor has in hand from one dashboard to the next; see `web/in_hand/index.js`."""

    module = "in_hand"


class Choice(Component):
    """Radio buttons, a menu, or a checkbox.

    Parameters
    ----------
    store : Store
    options : dict
        `key`, `label`, `kind` ("radio", "select" or "checkbox"), `choices` (value, label, note), `help`, `when`.
    """

    module = "choice"


class Compare(Component):
    """Pins a state and shows what differs in the present one; see `web/compare/index.js` for its options.

    Parameters
    ----------
    store : Store
        `pinned` is read and set: None, or the inputs of a trace as they were when they were pinned, with their names.
    options : dict
        `sentence` ("visible" or "hidden") and `live`.
    """

    module = "compare"


class KernelEditor(Component):
    """Edits `kernel` by bars, by numbers or as text, with undo.

    Parameters
    ----------
    store : Store
    options : dict
        `label` names the kernel; `widest` is the largest number of columns (default 50).
    """

    module = "editor"


class Fold(Component):
    """A button that opens and shuts a part of the page; what opens takes the focus and comes into view.

    Parameters
    ----------
    store : Store
    options : dict
        `label` of the button; `opens`, a CSS selector of the part, which gets the class `is-open`; `key` of the state.
    """

    module = "fold"


class Glossary(Component):
    """Explains the words of the field wherever a text of the page has one: by hover, focus or tap.

    Parameters
    ----------
    store : Store
    options : dict
        `terms`: list of dict, each `names` and `text`.
    """

    module = "glossary"


class Guide(Component):
    """The story and the tour of a dashboard; see `web/guide/index.js` for its options."""

    module = "guide"


class WindowFormula(Component):
    """Kernel columns with the picked entries, and the ledger of the identity; see `web/formula/index.js`."""

    module = "formula"


class KernelExperiments(Component):
    """Changes of a kernel to try, with the kernel before and after compared.

    Parameters
    ----------
    store : Store
        `kernel`, `kernel_by` and `m` are set.
    options : dict
        `most`, the largest `m` that may be set; see `web/kernel_experiments/index.js`.
    """

    module = "kernel_experiments"


class KernelSummary(Component):
    """One kernel as a large logo with three numbers, and the way to the others, the strongest first.

    Parameters
    ----------
    store : Store
        `place`, the kernel shown, is read and set. See `web/kernel_summary/index.js`.
    options : dict
    """

    module = "kernel_summary"


class LetterShares(Component):
    """One number a letter, scaled to the sum 1; an invalid one is explained where it is typed.

    Parameters
    ----------
    store : Store
    options : dict
        `key` of the state, `label`, and `when` it is shown.
    """

    module = "letter_shares"


class LineChart(Component):
    """A line with points, the present one marked.

    Parameters
    ----------
    store : Store
    options : dict
        `series` and `at` name the state's numbers and the place among them; `title`, `label`, `unit`, `height` in rem;
        `go` names what a click sets. See `web/line_chart/index.js`.
    """

    module = "line_chart"


class Logo(Component):
    """The motif of the kernel to the base `e^m`, as letters.

    Parameters
    ----------
    store : Store
        `logo_kind` ("information", "probability", "log odds" or "kernel") and `logo_reverse` (bool) are read and set.
    options : dict
        `kind` fixes the kind, `letters` (default True) shows the window under the cursor, `label` names the kernel,
        `height` is in rem, `quiet` announces nothing to screen readers, `motif` labels a motif instead of its kernel,
        `brief` says little under the depth "explore".
    """

    module = "logo"


class LogoGallery(Component):
    """Kernels as logos that are drawn as they come into view; sorted, searched and chosen in the page.

    Parameters
    ----------
    store : Store
        `place` (the kernel shown), `chosen`, `sort`, `find`, `stretch` and `logo_kind` are read and set.
    options : dict
        `label`; `height` of a logo in rem. See `web/logo_gallery/index.js`.
    """

    module = "logo_gallery"


class OneHot(Component):
    """The one-hot matrix of the letters in view, under the strip and as wide.

    Parameters
    ----------
    store : Store
    options : dict
        `when` it is shown.
    """

    module = "onehot"


class Pipeline(Component):
    """The matrices between kernel and logo under one another, a number in every cell, up to the present step.

    Parameters
    ----------
    store : Store
        `step` is the place in `steps`; `column` (from 0) is read and set; `form` is "background" or "plain".
    options : dict
        `steps`: list of dict, each name, title and sentence; `level` of the heading. See `web/pipeline/index.js`.
    """

    module = "pipeline"


class StepPlayer(Component):
    """Back, play, next, a slider, and the names of all steps.

    Parameters
    ----------
    store : Store
        `step` is read and set: a place in `options["steps"]`, counted over all steps, those that do not apply as well.
    options : dict
        `steps`: name, short and `when` of each; `seconds` a step is shown for while playing; `opening`, the step that
        the page opens with, where Play begins with the first one.
    """

    module = "player"


class PosteriorTrack(Component):
    """Scores, posterior, gradient or another stage of the trace, as bars; see `web/posterior_track/index.js`."""

    module = "posterior_track"


class Predict(Component):
    """Predict, then see: a question, the hidden answer, both shown, a score; `web/predict/index.js` has its options.

    Parameters
    ----------
    store : Store
        `predict` and `hidden` are set; what a question sets up goes back to what it was when the visitor leaves.
    options : dict
        `questions`: list of dict, as `page_questions` of a dashboard gives them. `title`, `live`.
    """

    module = "predict"


class PreloadOnApproach(Component):
    """Sets a name of the state to True once the pointer or the focus is within a part of the page.

    Parameters
    ----------
    store : Store
    options : dict
        `key` of the state, and `within`, a CSS selector.
    """

    module = "preload_on_approach"


class RacePicture(Component):
    """Which windows of one sequence get the gradient under each pooling, beside the logo that forms.

    Parameters
    ----------
    store : Store
        Its state holds `race`, `epoch` and `frame_<epoch>`, as `web/race_picture/index.js` describes them.
    options : dict
        None.
    """

    module = "race_picture"


class Readings(Component):
    """The readings of a score, each by two routes, and which of them hold for this kernel.

    Parameters
    ----------
    store : Store
        `kernel` and `kernel_by` are set where a visitor makes a reading hold.
    options : dict
        `level` of the heading; see `web/readings/index.js`.
    """

    module = "readings"


class Rewind(Component):
    """First, back, play, next, last, and a slider, over the places of a recording.

    Parameters
    ----------
    store : Store
    options : dict
        `key` and `end`, names of the state; `first`, the first place; `until`, a name of the state whose change ends
        the playing; `label` of a place; `seconds` that one is shown while playing.
    """

    module = "rewind"


class Presenter(Component):
    """The presenter's view and the speaker's notes; see `web/presenter/index.js` for its options."""

    module = "presenter"


class ShareLink(Component):
    """Copies the link, and loads the state of the page's own address at the start.

    Parameters
    ----------
    store : Store
    options : dict
        `share`: keys of the state that go into the link; `live`: the address follows the state; `label` of the button.
    """

    module = "share_link"


class Slider(Component):
    """A slider with its name, its unit and a box to type in.

    Parameters
    ----------
    store : Store
    options : dict
        `key`, `label`, `unit`, `min`, `max` (a number, or "windows"), `scale` ("linear", or "cubic" for `m`), `step`,
        `digits`, `first`, `buttons`, `marks`, `help`, `when`; `web/slider/index.js` describes each.
    """

    module = "slider"


class Stepper(Component):
    """Steps forward, back and by a timer along places; a step beyond the last one requests another from Python.

    Parameters
    ----------
    store : Store
    options : dict
        Names of the state: `key` (the place), `end` (the last one there is), `more` (whether there can be another),
        `here` and `next` (what the place is called, and what going on does); `label`, and `seconds` while playing.
    """

    module = "stepper"


class StepText(Component):
    """Title, sentence and formula of the step, the numbers filled in by the page.

    Parameters
    ----------
    store : Store
    options : dict
        `steps`: name, title, sentence, formula, `when` and `variants` of each, as in `web/steptext/index.js`; `level`
        of the heading.
    """

    module = "steptext"


class SequenceStrip(Component):
    """Coloured letters that can be zoomed into, slid along and changed; see `web/strip/index.js` for its options."""

    module = "strip"


class ThreeReadings(Component):
    """The exact, the heuristic and the posterior reading of a kernel above one another, and the nearest known motif.

    Parameters
    ----------
    store : Store
        Of the state, `m` is set by the buttons of the base, `look_up` and `stop_looking` are counted up.
    options : dict
        `height` of a logo in rem. See `web/three_readings/index.js`.
    """

    module = "three_readings"


class Toolbar(Component):
    """Settings and help: depth, text size, light or dark, Reset with a way back, what a teacher hides.

    Parameters
    ----------
    store : Store
    options : dict
        `first`: the state that Reset restores; `parts`: what can be hidden; `help`: what `?` shows; `share`: keys of
        the state in the teacher's link; `slot`: place in the page's head.
    """

    module = "toolbar"
