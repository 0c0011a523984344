"""Reads an HTML page as a browser would and judges it: every element is closed where it should be, every id is
there once, every link ends within the page, nothing is asked of elsewhere. Prints, as JSON, the text of every
article by its id, and the names of the elements.

    python page.py PAGE
"""

import html.parser
import json
import pathlib
import re
import sys

# Elements that have no end.
VOID = {"br", "hr", "img", "link", "meta"}
# Attributes by which a page asks for something else.
ASKS = {"src", "srcset", "data", "action", "poster"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.faults, self.elements = [], set(), [], [], set()
        self.articles, self.article, self.style = {}, None, ""

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        for name, value in attrs:
            if name == "id":
                if value in self.ids:
                    self.faults.append(f"id {value} twice")
                self.ids.add(value)
            if name in ASKS or (name == "href" and not value.startswith("#")):
                self.faults.append(f"{tag} asks for {value}")
            if name == "href":
                self.links.append(value[1:])
            if name.startswith("on"):
                self.faults.append(f"{tag} runs {value}")
        if tag in {"script", "iframe", "object", "embed"}:
            self.faults.append(f"a {tag}")
        if tag == "article":
            self.article = dict(attrs)["id"]
            self.articles[self.article] = []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")
        if tag == "article":
            self.article = None

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.article is not None:
            self.articles[self.article].append(data)


def main() -> None:
    page = Page()
    page.feed(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    page.close()
    page.faults += [f"<{tag}> is open" for tag in page.open]
    page.faults += [f"no {link} to go to" for link in page.links if link not in page.ids]
    if re.search(r"url\(|@import", page.style):
        page.faults.append("the style asks for something else")
    if page.faults:
        sys.exit("\n".join(page.faults[:20]))
    articles = {name: "".join(texts) for name, texts in page.articles.items()}
    print(json.dumps({"articles": articles, "elements": sorted(page.elements)}, ensure_ascii=False))


main()
