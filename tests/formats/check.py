"""What the program writes, each kind by the library that others read it with: python check.py FOLDER…"""

import csv
import io
import json
import re
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import html5lib
import jsonschema
from cmarkgfm.cmark import Options
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as text_families
from slack_sdk.models.blocks import Block

ROOT = Path(__file__).resolve().parents[2]
# Judged elsewhere: cards, badges and charts by check.mjs, CDEvents by their SDK in tests/it/exports.rs.
ELSEWHERE = {"teams", "shields", "cdevents"}


def must(holds, message):
    if not holds:
        raise ValueError(message)


def once(names):
    twice = [name for name, count in Counter(names).items() if count > 1]
    must(not twice, f"twice: {twice}")


def load(text):
    """JSON without what only some readers take: a key twice, NaN."""

    def fields(pairs):
        once(key for key, _ in pairs)
        return dict(pairs)

    def number(name):
        raise ValueError(f"no number: {name}")

    return json.loads(text, object_pairs_hook=fields, parse_constant=number)


# Markdown, as GitHub renders it.

VOID = {"br", "hr", "img"}
# What GitHub shows, and we write, with its attributes.
TAGS = {
    "a": {"href"}, "img": {"src", "alt"}, "code": set(), "pre": {"lang"}, "th": {"align"}, "td": {"align"},
} | {
    name: set()
    for name in "h1 h2 h3 h4 h5 h6 p ul li em strong blockquote table thead tbody tr details summary sub br hr".split()
}
ROW = re.compile(r"^\|.*\|$")
RULE = re.compile(r"^\|(?: :?-+:? \|)+$")
# What GitHub makes a mention, a reference or a link of in running text.
NOISE = re.compile(r"(?<![\w/])@\w|(?<!\w)#\d|\bGH-\d|https?://|\bwww\.\w|\b[0-9a-f]{40}\b", re.IGNORECASE)
# Marks that stayed text.
LEFT = re.compile(r"\*\*|\]\(|`|\||^ *(?:#+|>|```) ")


class Rendered(HTMLParser):
    """Counts what came out, and stops at what nobody wrote on purpose."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.cells, self.texts = [], Counter(), [], []
        self.feed(html)
        self.close()
        must(not self.open, f"left open: {self.open}")

    def handle_starttag(self, tag, attributes):
        must(tag in TAGS, f"a tag of somebody else: {tag}")
        for name, value in attributes:
            must(name in TAGS[tag], f"an attribute of somebody else: {tag} {name}")
            if name in {"href", "src"}:
                must(re.match(r"https?://[\w.-]+[/:]|[\w][\w/.-]*$", value), f"no address: {value}")
        if tag == "summary":
            must(self.open[-1:] == ["details"], "a summary of nothing")
        if tag == "tr":
            self.cells.append(0)
        if tag in {"td", "th"}:
            self.cells[-1] += 1
        self.seen[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        must(tag in VOID or self.open and self.open.pop() == tag, f"closes what is not open: {tag}")

    def handle_data(self, text):
        if not {"code", "pre"} & set(self.open):
            self.texts.append(text)


def rendered(text):
    return Rendered(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))


def tables(lines):
    """Rows of each table as the writer meant them; each has as many cells as its head."""
    count = rows = 0
    width = None
    for before, line in zip([""] + lines, lines):
        if not line.startswith("|"):
            must(width is None or not line.strip(), f"runs into a table: {line}")
            width = None
            continue
        must(ROW.match(line), f"no row: {line}")
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        if width is None:
            must(not before.strip(), f"a table that runs on from a text: {line}")
            width = cells
            count += 1
        must(cells == width, f"{cells} cells in a table of {width}: {line}")
        rows += not RULE.match(line)
    return count, rows


def markdown(text):
    """The tables, the folded parts, the links and the pictures that are written are there, and nothing else is."""
    prose = re.sub(r"^ *```\w*\n.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    out = rendered(text)
    count, rows = tables(prose.split("\n"))
    must(out.seen["table"] == count, f"{out.seen['table']} of {count} tables")
    must(out.seen["tr"] == rows, f"{out.seen['tr']} of {rows} rows")
    fences = len(re.findall(r"^ *```\w+$", text, flags=re.MULTILINE))
    must(out.seen["pre"] == fences, f"{out.seen['pre']} of {fences} blocks of code")
    must(out.seen["details"] == out.seen["summary"] == prose.count("<details>"), "folded parts")
    pictures = len(re.findall(r"!\[", prose))
    must(out.seen["img"] == pictures, f"{out.seen['img']} of {pictures} pictures")
    links = len(re.findall(r"(?<!!)\[[^\]]*\]\(", prose))
    must(out.seen["a"] == links, f"{out.seen['a']} of {links} links")
    for part in out.texts:
        found = NOISE.search(part)
        must(not found, f"told to somebody: {found and part[max(0, found.start() - 20):][:80]!r}")
    # Whatever a name holds is spelt; so a mark that is seen was meant as one.
    for part in rendered(re.sub(r"&#?\w+;", "x", text)).texts:
        found = LEFT.search(part)
        must(not found or part.lstrip().startswith("[!"), f"a mark that is shown: {part!r}")
    must(not re.search(r"\n{4}", text), "a hole")
    return 1


def comment(text):
    must(len(text) <= 65_536, "GitHub takes 65536 characters")
    must(text.startswith("<!-- fivekeys:"), "no marker")
    return markdown(text)


def summary(text):
    must(len(text.encode()) <= 256 * 1024, "more than 256 KiB")
    return markdown(text)


# Metrics.


def openmetrics(text):
    must(text.endswith("# EOF\n"), "no end")
    for family in open_families(text):
        must(family.type in {"gauge", "info"}, f"{family.name}: {family.type}")
        # What `promtool check metrics` asks for.
        must(not re.search(r"_(gauge|info|total|count|sum|bucket|percent|minutes|hours|days)$", family.name), family.name)
        ends = family.name.rsplit("_", 1)[1] in {"seconds", "ratio"} or family.name.endswith("_per_day")
        must(ends == bool(family.unit) and family.name.endswith(family.unit), f"the unit of {family.name}")
    return samples(text, open_families(text))


def prometheus(text):
    must("# EOF" not in text and "# UNIT" not in text and text.endswith("\n"), "OpenMetrics")
    for family in text_families(text):
        must(family.type == "gauge", f"{family.name}: {family.type}")
    return samples(text, text_families(text))


def samples(text, families):
    seen = set()
    for family in families:
        must(re.fullmatch(r"fivekeys(_[a-z0-9]+)+", family.name), f"a name: {family.name}")
        must(family.documentation.endswith("."), f"{family.name} has no help")
        must(family.samples, f"{family.name} has no sample")
        for sample in family.samples:
            series = (sample.name, *sorted(sample.labels.items()))
            must(series not in seen, f"twice: {series}")
            seen.add(series)
            for name in sample.labels:
                must(re.fullmatch(r"[a-z][a-z0-9_]*", name), f"a label: {name}")
            must(sample.value == sample.value and abs(sample.value) != float("inf"), f"a number: {series}")
            must(not family.name.endswith("_ratio") or -1 <= sample.value <= 1, f"a ratio: {series} {sample.value}")
    # The parser of OpenMetrics passes over a line that stands there twice.
    lines = sum(1 for line in text.splitlines() if not line.startswith("#"))
    must(len(seen) == lines, f"{lines} lines of {len(seen)} samples")
    return lines


def otlp(text):
    """Read into the messages of the protocol and written again, it is the same document."""
    request = json_format.Parse(text, ExportMetricsServiceRequest(), ignore_unknown_fields=False)
    must(json_format.MessageToDict(request) == filled(load(text)), "a field is not what the protocol takes it for")
    count = 0
    for resource in request.resource_metrics:
        once(attribute.key for attribute in resource.resource.attributes)
        for scope in resource.scope_metrics:
            must(scope.scope.name == "fivekeys" and scope.scope.version, "the scope")
            once(metric.name for metric in scope.metrics)
            for metric in scope.metrics:
                must(re.fullmatch(r"[A-Za-z][\w./-]{0,254}", metric.name), f"a name: {metric.name}")
                must(metric.description and metric.unit, f"{metric.name} is not described")
                must(metric.WhichOneof("data") == "gauge", metric.name)
                points = metric.gauge.data_points
                once(str(sorted((a.key, a.value.string_value) for a in point.attributes)) for point in points)
                for point in points:
                    once(attribute.key for attribute in point.attributes)
                    must(point.WhichOneof("value"), f"{metric.name} has no number")
                    must(point.start_time_unix_nano < point.time_unix_nano, f"{metric.name} has no time")
                    count += 1
    return count


def filled(value):
    """Without empty lists, which the protocol does not tell from none."""
    if isinstance(value, dict):
        return {key: filled(one) for key, one in value.items() if one != []}
    return [filled(one) for one in value] if isinstance(value, list) else value


# Documents.


def by_schema(name):
    schema = json.loads((ROOT / name).read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)

    def judge(text):
        for error in validator.iter_errors(load(text)):
            raise ValueError(f"{error.json_path}: {error.message[:200]}")
        return 1

    return judge


def records(text):
    """RFC 4180 and nothing that other readers take for something else."""
    field = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
    must(re.fullmatch(rf"(?:{field}(?:,{field})*\r\n)+", text), "no RFC 4180")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    once(rows[0])
    for row in rows:
        must(len(row) == len(rows[0]), f"{len(row)} fields of {len(rows[0])}: {row}")
        for cell in row:
            formula = re.match(r"\s*[=+\-@\t\r＝＋－＠]", cell) and not re.fullmatch(r"-?\d+(\.\d+)?", cell)
            must(not formula, f"a formula: {cell!r}")
            must(not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", cell), f"hidden: {cell!r}")
    return len(rows) - 1


def page(text):
    """By the rules of HTML: what a browser would mend is an error here."""
    must(len(text.encode()) < 300_000, "300 KB")
    html5lib.HTMLParser(strict=True).parse(text)
    return 1


SVG = "{http://www.w3.org/2000/svg}"


def svg(text):
    root = ElementTree.fromstring(text)
    must(root.tag == f"{SVG}svg", root.tag)
    title = root[0]
    must(title.tag == f"{SVG}title" and title.text, "no title first")
    must(root.get("role") == "img" and root.get("aria-label") == title.text, "what is read aloud")
    must(float(root.get("width")) > 0 and float(root.get("height")) > 0, "its size")
    for each in root.iter():
        must(each.tag.removeprefix(SVG) in {"svg", "title", "style", "clipPath", "g", "rect", "text"}, each.tag)
        for name, value in each.attrib.items():
            must(not name.lower().startswith("on") and "href" not in name, f"it does something: {name}")
            must(not re.search(r"url\((?!#)", value), f"it asks for something: {value}")
    must(not re.search(r"url\(|@import", "".join(root.itertext())), "it asks for something")
    return 1


def terminal(text):
    for line in text.split("\n"):
        wide = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line if not unicodedata.combining(c))
        must(wide <= 80, f"{wide} columns: {line}")
        hidden = [c for c in line if unicodedata.category(c) in {"Cc", "Cf"}]
        must(not hidden, f"hidden: {line!r}")
    return 1


# Places of the digest.


def units(text):
    return len(text.encode("utf-16-le")) // 2


def slack(text):
    """By Slack's own classes, and the limits of their texts that these leave out."""
    message = load(text)
    must(set(message) == {"text", "blocks"}, f"a message: {set(message)}")
    must(1 <= units(message["text"]) <= 4000, "the text that notifications show")
    must(1 <= len(message["blocks"]) <= 50, "50 blocks")
    for raw in message["blocks"]:
        block = Block.parse(raw)
        must(type(block) is not Block, f"no block: {raw['type']}")
        block.validate_json()
        must(block.to_dict() == raw, f"not what it is read as: {raw}")
        most = {"header": 150, "section": 3000, "context": 2000, "divider": 0}[raw["type"]]
        texts = [raw["text"]] if "text" in raw else raw.get("elements", [])
        for one, limit in [(one, most) for one in texts] + [(one, 2000) for one in raw.get("fields", [])]:
            must(1 <= units(one["text"]) <= limit, f"{units(one['text'])} of {limit}")
            must(one["type"] == "plain_text" or not re.search(r"[<>@]", one["text"]), f"markup: {one}")
    return 1


def discord(text):
    """The limits of a webhook's message and of an embed."""
    message = load(text)
    must(set(message) == {"allowed_mentions", "embeds"}, f"a message: {set(message)}")
    must(message["allowed_mentions"] == {"parse": []}, "somebody is mentioned")
    must(1 <= len(message["embeds"]) <= 10, "10 embeds")
    whole = 0
    for embed in message["embeds"]:
        known = {"title", "description", "fields", "footer", "timestamp"}
        must(set(embed) == known and len(embed["fields"]) <= 25, f"an embed: {set(embed)}")
        parts = [(embed["title"], 256), (embed["description"], 4096), (embed["footer"]["text"], 2048)]
        for field in embed["fields"]:
            must(set(field) <= {"name", "value", "inline"}, f"a field: {set(field)}")
            parts += [(field["name"], 256), (field["value"], 1024)]
        for part, most in parts:
            must(part.strip() and units(part) <= most, f"{units(part)} of {most}: {part!r}")
            whole += units(part)
    must(whole <= 6000, f"{whole} of 6000")
    return 1


def webhook(text):
    digest = load(text)
    must(digest["schema"] == "fivekeys.digest/1" and len(digest["numbers"]) == 5, "the digest")
    return 1


JUDGES = {
    "markdown": ("cmark-gfm", markdown),
    "comment": ("cmark-gfm", comment),
    "summary": ("cmark-gfm", summary),
    "openmetrics": ("prometheus_client", openmetrics),
    "prometheus": ("prometheus_client", prometheus),
    "otlp": ("opentelemetry-proto", otlp),
    "report": ("report.schema.json", by_schema("report.schema.json")),
    "explanation": ("explanation.schema.json", by_schema("explanation.schema.json")),
    "csv": ("RFC 4180", records),
    "html": ("html5lib", page),
    "svg": ("expat", svg),
    "terminal": ("80 columns", terminal),
    "slack": ("slack_sdk", slack),
    "discord": ("Discord's limits", discord),
    "webhook": ("a strict reader of JSON", webhook),
}


# What each judge has to refuse, or it judges nothing.
TABLE = "| a | b |\n| --- | --- |\n"
GAUGE = "# TYPE fivekeys_x gauge\n# HELP fivekeys_x Any.\nfivekeys_x"
BAD = [
    ("markdown", TABLE + "| 1 | 2 | 3 |\n"),
    ("markdown", TABLE + "| 1 | 2 |\nmore\n"),
    ("markdown", "text\n" + TABLE),
    ("markdown", "<details>\n<summary>x</summary>\n"),
    ("markdown", "<details>\n<summary>x</summary>\n| a |\n| --- |\n</details>\n"),
    ("markdown", "<b>x</b>\n"),
    ("markdown", "<a href='https://acme.example' onclick='x'>x</a>\n"),
    ("markdown", "[x](javascript:alert)\n"),
    ("markdown", "ask @acme\n"),
    ("markdown", "see &#35;7\n"),
    ("markdown", "see www.acme.example\n"),
    ("markdown", "**open\n"),
    ("comment", "no marker\n"),
    ("summary", "x" * 300_000),
    ("openmetrics", f"{GAUGE} 1\n"),
    ("openmetrics", f"{GAUGE} 1\nfivekeys_x 1\n# EOF\n"),
    ("openmetrics", f"{GAUGE} NaN\n# EOF\n"),
    ("openmetrics", f'{GAUGE}{{a="\n"}} 1\n# EOF\n'),
    ("openmetrics", f"{GAUGE.replace('_x', '_x_seconds')} 1\n# EOF\n"),
    ("prometheus", f"{GAUGE} 1\n# EOF\n"),
    ("prometheus", f"{GAUGE} 1\nfivekeys_x 1\n"),
    ("prometheus", f'{GAUGE}{{a="b}} 1\n'),
    ("prometheus", f"{GAUGE} one\n"),
    ("otlp", '{"resourceMetrics": [{"more": 1}]}'),
    ("otlp", '{"resourceMetrics": [{"scopeMetrics": [{"scope": {"name": 1}}]}]}'),
    ("report", "{}"),
    ("report", '{"schema": 1, "schema": 1}'),
    ("explanation", "{}"),
    ("csv", "a,b\n1,2\n"),
    ("csv", "a,b\r\n1\r\n"),
    ("csv", 'a,b\r\n1,x"\r\n'),
    ("csv", "a,b\r\n1,=1+1\r\n"),
    ("html", "<!doctype html><title>x</title><p><b>x</p>"),
    ("svg", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    ("terminal", "x" * 81),
    ("terminal", "\x1b[31m"),
    ("slack", json.dumps({"text": "x", "blocks": [{"type": "divider"}] * 51})),
    ("slack", json.dumps({"text": "x", "blocks": [{"type": "section"}]})),
    ("discord", json.dumps({"allowed_mentions": {"parse": []}, "embeds": []})),
    ("webhook", "{}"),
]


def refuses(kind, text):
    try:
        JUDGES[kind][1](text)
    except Exception:
        return True
    return False


def main(folders):
    failures = [f"{kind}: takes {text!r}" for kind, text in BAD if not refuses(kind, text)]
    paths = sorted(path for folder in folders for path in Path(folder).iterdir())
    kinds = Counter(path.suffix[1:] for path in paths)
    for kind in sorted(kinds.keys() - JUDGES.keys() - ELSEWHERE):
        failures.append(f"nobody judges {kind}")
    for kind, (tool, judge) in JUDGES.items():
        # Only runs of the action write these; the tests keep them, where they ran before.
        if not kinds[kind] and kind not in {"comment", "summary"}:
            failures.append(f"{tool} has judged no {kind}")
        count = 0
        for path in paths:
            if path.suffix != f".{kind}":
                continue
            try:
                with open(path, encoding="utf-8", newline="") as file:
                    count += judge(file.read())
            except Exception as error:  # Each library has errors of its own.
                failures.append(f"{path.name}: {tool}: {type(error).__name__}: {error}")
        if kinds[kind]:
            print(f"{kinds[kind]} {kind}, {count} judged by {tool}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{sum(kinds.values())} documents, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main(sys.argv[1:]))
