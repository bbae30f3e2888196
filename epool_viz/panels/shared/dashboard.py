"""What every dashboard is: a model shown by widgets, one store for the page, and the head that all of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import ipywidgets as w
from markupsafe import Markup
from traitlets import HasTraits

from epool_viz.components.base import Store
from epool_viz.components.browser_store import BrowserStore
from epool_viz.components.heartbeat import Heartbeat
from epool_viz.components.upload import Upload
from epool_viz.components.widgets import Glossary, Guide, InHand, Presenter, ShareLink, Toolbar
from epool_viz.errors import ArgumentError
from epool_viz.guides import notes, page_guide, page_terms, story
from epool_viz.panels.registry import row_of
from epool_viz.panels.shared.hand import hand_of
from epool_viz.panels.shared.handlers import Guard, Wiring
from epool_viz.panels.shared.html import around, each
from epool_viz.panels.shared.state import require_modest, require_size
from epool_viz.panels.shared.style import Html, panel_style, style_sheet

# what a teacher's link asks for; it belongs to the page alone
TEACHING: dict[str, Any] = {"without": None, "size": None, "theme": None, "depth": None, "present": None}


class Dashboard(w.VBox):
    """A model on screen: shows it and changes it, and holds no number of its own.

    A subclass says what there is (`_build`), where it stands (`_arranged`), what follows what (`_wire`), what the page
    has to know of the model (`_page_state`), what it makes of the page's wishes (`_take_patch`), and shows the model
    when it has changed (`_show`), called in this order.
    The model has a trait `message`, empty when all is well.

    Parameters
    ----------
    model : HasTraits
    """

    PARTS: ClassVar[Sequence[Mapping[str, str]]] = ()  # what a teacher can hide: name and label
    HELP: ClassVar[Mapping[str, Any]] = {}  # what `?` shows
    LINK: ClassVar[Sequence[str]] = ()  # names of the page's state that a link carries
    KEPT: ClassVar[Sequence[str]] = ()  # further names that outlive a kernel that is gone
    LOOKS: ClassVar[Mapping[str, Any]] = {}  # state that belongs to the page alone, and where it starts
    PASSING: ClassVar[Mapping[str, Any]] = {}  # the same, but neither linked nor brought back
    # choices that mean what the visitor keeps in the browser: trait of the model -> ("yours", what of it)
    VISITOR_CHOICES: ClassVar[Mapping[str, tuple[str, str]]] = {}
    KEEPING: ClassVar[Mapping[str, Any]] = {}  # options of the browser's store
    STAGES: ClassVar[Mapping[str, Sequence[str]]] = {}  # what the places of a key of the state are called in the story

    def __init__(self, model: HasTraits) -> None:
        self.model: Any = model
        self.fault = ""
        self.guard = Guard(self._report)
        self.wiring = Wiring(self.guard)
        first = self._page_state() | dict(self.LOOKS)
        hand = {"hand": self._hand()}
        self.store = Store(first | hand | TEACHING | dict(self.PASSING), self.guard(self._take_modest_patch))
        self.alert = Html().add_class("ep-alert")
        self._build_head(first)
        self._build()
        around = (self.store, self.heartbeat, self.hand, self.share, self.toolbar, self.keep, *self.guides, self.alert)
        super().__init__([style_sheet(self._style()), *around, *self._arranged()])
        self.add_class("ep-root")
        self.wiring.follow((model, "message"), (self.alert, "value"), self._alert_html)
        self._wire()
        if self.VISITOR_CHOICES:
            self.wiring.on(model, tuple(self.VISITOR_CHOICES), self._request_visitor_data)
            self._request_visitor_data()
        self._show()

    def close(self) -> None:
        """Undo every tie, and take the widgets off the page."""
        self.wiring.close()
        below = descendants(self)
        self.layout.close()
        super().close()
        for widget in below:
            widget.close()

    # --- what a subclass says

    def _page_state(self) -> dict[str, Any]:
        """What the page has to know of the model: plain values."""
        raise NotImplementedError

    def _take_patch(self, patch: dict[str, Any]) -> None:
        """Let the model follow what the page has changed."""
        raise NotImplementedError

    def _build(self) -> None:
        """Make the widgets."""
        raise NotImplementedError

    def _arranged(self) -> list[Any]:
        """The widgets below the head, in their order."""
        raise NotImplementedError

    def _wire(self) -> None:
        """Tie the widgets to the model."""
        raise NotImplementedError

    def _show(self, _: Any = None) -> None:
        """Tell the page what it does not know yet."""
        self.store.tell(self._page_state() | {"hand": self._hand()})

    def _hand(self) -> dict[str, Any]:
        """What is in hand, but for `m`, which the page itself moves."""
        return {name: part for name, part in self.model.in_hand().items() if name != "m"}

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        """The part of the first state that Reset brings back."""
        return state

    def _style(self) -> str:
        """The rules of this panel: those of all, and `style.css` beside the view."""
        return panel_style(type(self).__module__.rpartition(".")[0])

    # --- the head

    def _build_head(self, state: dict[str, Any]) -> None:
        on = {"store": self.store}
        link = {"share": [*self.LINK, *self.LOOKS, *TEACHING]}
        self.heartbeat = Heartbeat(**on, options={"share": [*link["share"], *self.KEPT]})
        name = type(self).__module__.split(".")[-2]
        own = [scene.id for scene in story() if scene.dashboard == name and scene.is_fresh]
        held = {"first": self._first(state), "slot": "hand", "m": "m" in self.model.in_hand(), "own": own}
        self.hand = InHand(**on, options=held)
        self.share = ShareLink(**on, options=link | {"label": "Share", "slot": "tools", "live": True})
        guard = self.guard
        handlers = (guard(self._hear_kept), guard(self._take_given), guard(self._forgotten))
        self.keep = BrowserStore(self.store, *handlers, options=self.KEEPING)
        head = {"first": self._first(state), "parts": list(self.PARTS), "help": dict(self.HELP)}
        self.toolbar = Toolbar(**on, options=link | head)
        guide = Guide(**on, options={"name": name, "slot": "guide"} | page_guide(name, self.STAGES))
        speaking = {"title": row_of(name).title, "line": row_of(name).line, "notes": notes(name)}
        presenter = Presenter(**on, options=speaking)
        self.guides = (guide, presenter, Glossary(**on, options={"terms": page_terms()}))

    # --- files of the visitor's

    def file_button(self, label: str, take: Callable[[str, bytes], None], *, most: int, note: str) -> Upload:
        """A button, and a place to drop a file; one that is too large is refused in the page, before it is sent.

        Parameters
        ----------
        label : str
            What the button says.
        take : callable
            Gets name and bytes; what it raises is told.
        most : int
            Bytes, whole millions.
        note : str
            What may be in the file; with the limit it stands under the button.
        """

        def within(name: str, content: bytes) -> None:
            require_size(name, content, most)  # once more: who writes to the kernel need not have come by the page
            take(name, content)

        told = f"{note}, up to {most // 10**6} MB. Or drop it here."
        return Upload(self.store, self.guard(within), {"label": label, "note": told, "most": most})

    # --- what the visitor keeps in the browser

    def _hear_kept(self, kept: dict[str, Any]) -> None:
        if self.VISITOR_CHOICES:
            self.model.visitor_data = self.model.visitor_data.with_stored(kept)
            self._request_visitor_data()

    def _take_given(self, name: str, about: dict[str, Any], data: bytes | None) -> None:
        if self.VISITOR_CHOICES:
            self.model.visitor_data = self.model.visitor_data.with_data(name, about, data)

    def _forgotten(self) -> None:
        """The visitor has had it forgotten, here or on another page."""

    def _request_visitor_data(self, _: Any = None) -> None:
        """Ask the page for what a choice needs and Python has not got."""
        visitor_data = self.model.visitor_data
        chosen = [what for trait, (value, what) in self.VISITOR_CHOICES.items() if getattr(self.model, trait) == value]
        wanted = [what for what in dict.fromkeys(chosen) if visitor_data.keeps(what) and not visitor_data.has(what)]
        if wanted:
            self.keep.want(*wanted)

    # --- messages

    def _take_modest_patch(self, patch: dict[str, Any]) -> None:
        """Let the model follow; of a patch that is larger than any of our pages sends, the page takes nothing over."""
        try:
            require_modest(patch)
        except ArgumentError:
            self._show()
            raise
        if isinstance(patch.get("hand"), Mapping):
            shown = self.model.in_hand()
            other = {name: part for name, part in patch["hand"].items() if shown.get(name) != part}
            self.model.take_in_hand(hand_of(other))
        if patch.keys() == {"hand"}:
            self._show()
        else:
            self._take_patch(patch)

    def _report(self, sentence: str) -> None:
        self.fault = sentence
        self.alert.value = self._alert_html(self.model.message)

    def _alert_html(self, message: str) -> Markup:
        said = each(Markup("<p>{}</p>"), filter(None, (self.fault, message)))
        return around(Markup('<div class="ep-message" role="alert">{}</div>'), said)


def shown_if(condition: Callable[[Any], bool]) -> Callable[[Any], str]:
    """A value as `layout.display`: on the page only while the condition holds for it."""

    def display(value: Any) -> str:
        return "" if condition(value) else "none"

    return display


def descendants(widget: Any) -> list[Any]:
    """Every widget below this one, their layouts and styles included."""
    below: list[Any] = []
    for child in getattr(widget, "children", ()):
        below += [child, *descendants(child)]
        below += [own for own in (child.layout, getattr(child, "style", None)) if own is not None]
    return below
