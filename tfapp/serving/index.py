"""The page at /: the one to try the model in a browser, or where there is none, a list of links."""

import html
import importlib
import importlib.util

_PAGE = "tfapp.serving.page"  # render(card, name) -> HTML
# What a browser may load for it: nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'"
)
_LINKS = ("/card", "/openapi.json", "/v1/models/{name}", "/v2/models/{name}", "/metrics")


def page_of(card, name):
    """The page's HTML.

    Args:
      card: of model_card.json, a dict; empty if there is none.
      name: of the model in URLs.
    """
    if card and importlib.util.find_spec(_PAGE):
        return importlib.import_module(_PAGE).render(card, name)
    links = "".join(
        f'<li><a href="{html.escape(path)}">{html.escape(path)}</a></li>'
        for path in (link.format(name=name) for link in _LINKS)
    )
    title = html.escape(name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><ul>{links}</ul></html>"
    )
