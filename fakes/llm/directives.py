"""Reading what a test wants from the last message (or from the model's name)."""

import re
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"\[([a-z][a-z-]*)((?:\s+[\w.-]+)*)\]")

TEXT = (
    "Voici une première réponse, courte et claire. Une ruche réunit beaucoup de cellules sous un même toit : chacune "
    "garde ce qui lui appartient, et toutes profitent de la même chaleur. Pour votre publication, commencez par une "
    "phrase qui parle de vos clients, donnez ensuite un exemple vécu, puis finissez par une invitation simple. "
    "Relisez à voix haute avant de publier."
)

BEE = "🐝"
THOUGHT = "La personne demande un texte. Je réfléchis en plusieurs étapes, chiffre par chiffre : 1, 2, 3, 4, 5, 6, 7."

MARKDOWN = """# Plan de publication

Une **introduction** avec de l'*emphase*, du `code` et un [lien](https://example.com/page).

## Étapes

1. Écrire le texte
2. Choisir l'image
   - format carré
   - format vertical

| Jour | Réseau | Portée |
|------|--------|-------:|
| Lundi | LinkedIn | 1 200 |
| Jeudi | Instagram | 3 450 |

> Une citation, pour la respiration.

```python
def saluer(nom: str) -> str:
    return f"Bonjour {nom} <b>&amp;</b>"
```

<script>window.__hacked = true; alert("script")</script>
<img src="x" onerror="window.__hacked = true">
<a href="javascript:window.__hacked = true">un lien hostile</a>
[un autre lien hostile](javascript:alert(1)) et [encore](data:text/html;base64,PHNjcmlwdD4=)
<iframe src="https://example.com"></iframe>
<svg onload="window.__hacked = true"></svg>
<div style="position:fixed;inset:0" onclick="alert(2)">un bloc</div>
<form action="https://example.com"><input name="password"></form>

![une image distante](https://example.com/pixel.png)

Fin du document.
"""


@dataclass(slots=True)
class Plan:
    """How to answer one request."""

    words: list[str]
    delay: float = 0.0
    fail: list[str] | None = None
    flaky: list[str] | None = None
    cut: int | None = None
    stall: int | None = None
    error: int | None = None
    ping: bool = False
    hang: bool = False
    drop: str = ""
    refuse: str = ""
    think: str = ""
    leak: bool = False
    report_usage: bool = True
    usage: dict[str, int] = field(default_factory=dict)
    retry_after: str = ""
    html: bool = False
    garbage: bool = False
    echo: str = ""
    key: str = ""
    refuse_param: list[str] = field(default_factory=list)
    alternate: bool = False
    json_error: list[str] | None = None
    plain: bool = False
    split: str = ""
    usage_at: str = ""
    gone: bool = False
    no_image: bool = False


def read_plan(model: str, text: str) -> Plan:
    plan = Plan(words=split(TEXT), key=text)
    for name, remainder in _DIRECTIVE.findall(f"{model} {text}"):
        _apply(plan, name, remainder.split())
    if plan.echo:
        plan.words = [f"{plan.echo}-{number} " for number in range(len(plan.words))]
    return plan


def _apply(plan: Plan, name: str, values: list[str]) -> None:
    match name, values:
        case "slow", [seconds]:
            plan.delay = float(seconds)
        case "words", [count]:
            plan.words = (split(TEXT) * (int(count) // len(split(TEXT)) + 1))[: int(count)]
        case "echo", [marker]:
            plan.echo = marker
        case "markdown", []:
            plan.words = split(MARKDOWN)
        case "fail", [_, *_]:
            plan.fail = values
        case "flaky", [_, *_]:
            plan.flaky = values
        case "cut" | "stall" | "error", [count]:
            setattr(plan, name, int(count))
        case "stall", [count, "ping"]:
            plan.stall, plan.ping = int(count), True
        case "hang" | "leak" | "html" | "garbage" | "alternate" | "plain" | "gone", []:
            setattr(plan, name, True)
        case "drop", []:
            plan.drop = "at once"
        case "drop", ["once" | "half" as when]:
            plan.drop = when
        case "no-image", []:
            plan.no_image = True
        case "think", []:
            plan.think = "apart"
        case "think", ["text" | "only" | "list" as how]:
            plan.think = how
        case "blank", []:
            plan.words = []
        case "refuse-param", [_, *_]:
            plan.refuse_param = values
        case "json-error", [_, *_]:
            plan.json_error = values
        case "split", ["bytes" | "surrogates" as how]:
            plan.split, plan.words = how, ["Une ", "abeille ", f"{BEE} ", "vole."]
        case "usage-at", ["start" | "zero" | "every" | "finish" | "groq" | "kimi" as where]:
            plan.usage_at = where
        case "refuse", []:
            plan.refuse = "filter"
        case "refuse", ["text"]:
            plan.refuse = "text"
        case "no-usage", []:
            plan.report_usage = False
        case "usage", [input_tokens, output_tokens, *pairs]:
            plan.usage = {"input": int(input_tokens), "output": int(output_tokens)}
            plan.usage |= {key: int(value) for key, value in zip(pairs[::2], pairs[1::2], strict=True)}
        case "retry-after", [seconds]:
            plan.retry_after = seconds
        case _:
            pass  # brackets that are only text


def split(text: str) -> list[str]:
    """Pieces that joined give the text back, one word with the blanks that follow it."""
    return re.findall(r"\s*\S+\s*", text)


def count_tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)
