"""The page at /: the one to try the model in a browser, or of an export without a card, links."""

import html

from tfapp.serving import page

POLICY = page.CONTENT_SECURITY_POLICY  # what a browser may load for it: nothing from elsewhere
_LINKS = ("/card", "/openapi.json", "/v1/models/{name}", "/v2/models/{name}", "/metrics")


def page_of(card, name):
    """The page's HTML.

    Args:
      card: of model_card.json, a dict; empty if there is none.
      name: of the model in URLs.
    """
    if card:
        return page.render(card, name)
    links = "".join(
        f'<li><a href="{html.escape(path)}">{html.escape(path)}</a></li>'
        for path in (link.format(name=name) for link in _LINKS)
    )
    title = html.escape(name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><ul>{links}</ul></html>"
    )
