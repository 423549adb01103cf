"""Pages that the server itself writes: every value that stands in one is escaped, unless it is markup of ours."""

from html import escape
from string import Template


class Html(str):
    """Markup, as `fill` made it."""


def fill(template: str, **values: object) -> Html:
    """The template with each `$name` replaced: text is escaped, Html stands as it is."""
    safe = {name: value if isinstance(value, Html) else escape(str(value)) for name, value in values.items()}
    return Html(Template(template).substitute(safe))
