"""What a page says and how it is built, as far as tests ask."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

# Attributes that are read out or shown.
SPOKEN = ("aria-label", "title", "placeholder", "alt")
WITHOUT_END = frozenset(
    ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "path", "use")
)
# What they have in them is no text for people, or was written by them or by machines.
UNSPOKEN = frozenset(("script", "style", "template", "pre", "code", "textarea"))


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self["class"].split()

    @property
    def text(self) -> str:
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, *tags: str) -> Iterator["Element"]:
        """Those below it, in the order of the page; of any tag where none is named."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def with_id(self, wanted: str) -> "Element | None":
        return next((element for element in self.all() if element["id"] == wanted), None)

    def ancestors(self) -> Iterator["Element"]:
        if self.parent is not None:
            yield self.parent
            yield from self.parent.ancestors()

    def is_within(self, *tags: str) -> bool:
        return any(ancestor.tag in tags for ancestor in self.ancestors())

    def said(self) -> Iterator[str]:
        """Every piece of text by itself: between two tags, in an attribute that is read out, on a button.

        Not what is marked as being in a language of its own.
        """
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in UNSPOKEN and not (child["lang"] and child.tag != "html"):
                yield from (child[name] for name in SPOKEN)
                if child.tag == "input" and child["type"] in ("submit", "button", "reset"):
                    yield child["value"]
                yield from child.said()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.open = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.children.append(element)
        if tag not in WITHOUT_END:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.open))

    def handle_endtag(self, tag: str) -> None:
        around = [self.open, *self.open.ancestors()]
        for element in around:
            if element.tag == tag and element.parent is not None:
                self.open = element.parent
                return

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


@dataclass(frozen=True)
class Page:
    path: str
    root: Element

    @classmethod
    def read(cls, path: str, text: str) -> Self:
        builder = _Builder()
        builder.feed(text)
        return cls(path, builder.root)

    def all(self, *tags: str) -> list[Element]:
        return list(self.root.all(*tags))

    def only(self, tag: str) -> Element:
        (element,) = self.all(tag)
        return element

    def said(self) -> set[str]:
        """The pieces of text, with their white space made plain."""
        return {" ".join(piece.split()) for piece in self.root.said()} - {""}

    @property
    def language(self) -> str:
        return next(self.root.all("html"))["lang"]
