"""The commands and their options, as data: parsing, help and completion read it from here."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """One option. `kind` is flag, text, int, float, texts or floats (repeatable), pair, choice."""

    flags: tuple[str, ...]
    name: str
    kind: str
    value: str
    help: str
    choices: tuple[str, ...] = ()


class Command(NamedTuple):
    """One command: what it does, its options, and what its words are ("" for none)."""

    name: str
    help: str
    options: tuple[Option, ...] = ()
    words: str = ""
    example: str = ""


def _option(flags: str, name: str, kind: str, value: str, help: str, choices: str = "") -> Option:
    return Option(tuple(flags.split()), name, kind, value, help, tuple(choices.split()))


MODEL = _option("-m --model", "model", "text", "MODEL", "model to ask; see %zai models")
PARAM = _option("--param", "param", "pair", "K=V", "pass any other parameter to the service")
OUT = _option("-o --out", "out", "text", "NAME", "put the value in a variable")
QUIET = _option("-q --quiet", "quiet", "flag", "", "show nothing")
DRY_RUN = _option(
    "--dry-run", "dry_run", "flag", "", "show the request and its price; send nothing"
)
RAW = _option("--raw", "raw", "flag", "", "leave {{ }} in the prompt as it is")
COMMON = (MODEL, PARAM, OUT, QUIET, DRY_RUN, RAW)
SAVE = _option("--save", "save", "text", "PATH", "where to keep the file (default: zai_media/)")
SIZE = _option("--size", "size", "text", "WxH", "size in pixels, such as 1280x1280")
QUALITY = _option("--quality", "quality", "text", "WORD", "hd or standard; video: quality or speed")

CHAT = (
    _option("-s --system", "system", "text", "TEXT", "system prompt for this turn, or @name"),
    _option("-t --temperature", "temperature", "float", "T", "0 is plain, 1 is lively"),
    _option("--top-p", "top_p", "float", "P", "nucleus sampling"),
    _option("--max-tokens", "max_tokens", "int", "N", "longest answer, thinking included"),
    _option("--stop", "stop", "texts", "WORD", "stop before this word"),
    _option("--think", "think", "choice", "HOW", "reasoning", "on off low high max"),
    _option("-a --attach", "attach", "texts", "X", "a variable, path or URL; repeatable"),
    _option("-c --conversation", "conversation", "text", "NAME", "in another conversation"),
    _option("--alone", "alone", "flag", "", "without the conversation's turns and system prompt"),
    _option("--schema", "schema", "text", "S", "typed data: fields, a class or a JSON schema"),
    _option("-T --tool", "tool", "texts", "NAME", "a function that it may call; repeatable"),
    _option("--approve", "approve", "choice", "HOW", "before a call", "ask always never"),
    _option("--web", "web", "flag", "", "with the service's web search"),
    _option("-f --format", "format", "choice", "HOW", "how it is shown", "markdown text json"),
    _option("--no-stream", "no_stream", "flag", "", "the whole answer at once"),
    _option("--again", "again", "flag", "", "ask anew, even if replay knows an answer"),
)
_NOT_CODE = {"schema", "tool", "approve", "web", "format"}
_NOT_FIX = {*_NOT_CODE, "attach", "conversation", "alone", "stop"}
CODE = tuple(o for o in CHAT if o.name not in _NOT_CODE)
FIX = tuple(o for o in CHAT if o.name not in _NOT_FIX)
AGAIN = _option("--again", "again", "flag", "", "buy it anew, even if this notebook has it")
IMAGE = (SIZE, QUALITY, _option("-n", "n", "int", "N", "how many pictures"), SAVE, AGAIN)
VIDEO = (
    SIZE,
    QUALITY,
    _option("--fps", "fps", "int", "N", "pictures a second, 30 or 60"),
    _option("--duration", "duration", "int", "S", "seconds, 5 or 10"),
    _option("--audio", "audio", "flag", "", "with sound"),
    _option("-a --attach", "attach", "texts", "X", "first frame, then last: a path or URL"),
    SAVE,
    _option(
        "--background",
        "background",
        "flag",
        "",
        "give the cell back at once (not in a kernel "
        "whose displays do not change, such as nbconvert's)",
    ),
    AGAIN,
)
LIMITS = (
    _option("--concurrency", "concurrency", "int", "N", "at most so many requests at once"),
    _option("--max-cost", "max_cost", "float", "USD", "stop before so much is spent"),
)
_NOT_MAP = {*_NOT_CODE, "attach", "conversation", "alone", "no_stream", "again"} - {"schema"}
MAP = (
    *(o for o in CHAT if o.name not in _NOT_MAP),
    *LIMITS,
    _option("--pilot", "pilot", "int", "N", "N rows only, and what all would cost and take"),
    _option("--again", "again", "flag", "", "ask anew what was answered before"),
)
_ONE = {"model", "system", "temperature", "schema"}  # what compare takes several of
COMPARE = (
    _option("-m --model", "models", "texts", "A,B", "models to ask"),
    _option("-t --temperature", "temperatures", "texts", "T,T", "temperatures"),
    _option("-s --system", "systems", "texts", "TEXT", "a system prompt, or @name,@name"),
    _option("--each", "each", "texts", "NAME=A,B", "values of {{ NAME }}, or @name; repeatable"),
    _option("-n", "n", "int", "N", "answers of each"),
    _option("--score", "score", "text", "FUNCTION", "judges a reply by a number"),
    _option("--baseline", "baseline", "int", "N", "the variant that the others are compared with"),
    *(o for o in CHAT if o.name not in {*_NOT_MAP, *_ONE}),
    *LIMITS,
    _option("--again", "again", "flag", "", "ask anew what was answered before"),
)
SPEED = _option("--speed", "speed", "float", "X", "2: twice as fast; 0: at once")
LOG = (
    _option("--open", "open", "int", "N", "bring call N back as its value"),
    _option("--forget", "forget", "int", "N", "remove call N with its words"),
    _option("--here", "here", "flag", "", "this notebook's calls only"),
    _option("-n --rows", "rows", "int", "N", "how many rows to show (default: 20)"),
)
COST = (
    _option("--by", "by", "choice", "WHAT", "summed by", "model day conversation notebook"),
    _option("--here", "here", "flag", "", "this notebook's calls only"),
    _option("--since", "since", "text", "DAY", "since this day only, such as 2026-11-02"),
    _option("-n --rows", "rows", "int", "N", "how many rows to show (default: 20)"),
)

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "chat",
            "a turn of the conversation",
            (*CHAT, *COMMON),
            "PROMPT",
            "%%zai chat -t 0.2\nWhat is a p-value? Explain it with {{ n }} coin flips.",
        ),
        Command(
            "code",
            "only code, shown and offered as the next cell",
            (*CODE, *COMMON),
            "PROMPT",
            "%%zai code -a df\nPlot the mean of each column with its standard error.",
        ),
        Command(
            "fix",
            "the last error explained, and its cell corrected",
            (*FIX, MODEL, PARAM, OUT, QUIET, DRY_RUN),
            "[WORDS]",
            "%zai fix keep it short",
        ),
        Command(
            "image",
            "pictures, shown and kept as files",
            (*IMAGE, *COMMON),
            "PROMPT",
            "%zai image --size 1280x1280 a lighthouse in the fog",
        ),
        Command(
            "video",
            "a clip, shown in a player and kept as a file",
            (*VIDEO, *COMMON),
            "PROMPT",
            "%zai video --audio a bird flying over the ocean",
        ),
        Command(
            "compare",
            "one prompt over models, temperatures, system prompts and values, side by side",
            (*COMPARE, PARAM, OUT, QUIET, DRY_RUN, RAW),
            "PROMPT",
            "%%zai compare -m glm-4.7,glm-4.7-flash -t 0,0.8 --each tone=dry,warm\n"
            "Explain a p-value in a {{ tone }} tone.",
        ),
        Command(
            "map",
            "the prompt over a DataFrame's rows; a new DataFrame comes back",
            (*MAP, *COMMON),
            "DF PROMPT",
            'out = %zai map df --schema "label, score float" Sentiment of {{ review }}',
        ),
        Command(
            "panel",
            "a playground: prompt, models side by side, temperature, thinking; run and stop",
            tuple(
                o for o in (MODEL, *CHAT) if o.name in ("model", "system", "temperature", "think")
            ),
            "[PROMPT]",
            "%zai panel -m glm-4.7,glm-4.7-flash",
        ),
        Command("wait", "take up an order again", (SAVE, OUT, QUIET), "[ID]", "%zai wait #12"),
        Command("jobs", "orders under way, and this notebook's newest", (OUT, QUIET)),
        Command("history", "the conversation so far", (OUT, QUIET)),
        Command("new", "begin a new conversation", (), "[NAME]"),
        Command("use", "go on with another conversation", (), "NAME"),
        Command("fork", "go on in a copy of the conversation", (), "NAME"),
        Command("drop", "take back the turn run last, or turn N", (), "[N]"),
        Command("system", "set the system prompt (off: none)", (RAW,), "[TEXT]"),
        Command(
            "restore",
            "take in the turns that only a notebook file carries",
            (_option("--dry-run", "dry_run", "flag", "", "show them; take nothing in"),),
            "[FILE]",
            "%zai restore lesson.ipynb",
        ),
        Command(
            "export",
            "the conversation as .md, .html, .ipynb, .json or .py",
            (),
            "FILE",
            "%zai export lesson.md",
        ),
        Command(
            "log",
            "all that was ever said, searched",
            (*LOG, OUT, QUIET),
            "[WORDS]",
            "%zai log p-value",
        ),
        Command(
            "budget",
            "the most that may be spent, or how it stands (off: no limit)",
            (_option("--all", "every", "flag", "", "for all notebooks together"),),
            "[USD]",
            "%zai budget 2.00",
        ),
        Command(
            "replay",
            "recorded answers instead of the service: off, auto (the rest is asked) or only",
            (SPEED,),
            "MODE [FILE]",
            "%zai replay only class.zai",
        ),
        Command(
            "pack",
            "this notebook's answers and media in one file, for %zai replay",
            (),
            "FILE",
            "%zai pack class.zai",
        ),
        Command(
            "cost",
            "what was spent, and what was saved",
            (*COST, OUT, QUIET),
            "",
            "%zai cost --by day --here",
        ),
        Command("models", "models, what they take and cost", (OUT, QUIET)),
        Command("login", "ask for the API key, hidden"),
        Command(
            "sandbox", "everything without a key (auto: only if there is none)", (), "[auto|off]"
        ),
        Command("help", "this, or one command's options", (), "[COMMAND]"),
    )
}


def other(command: Command, flag: str) -> str:
    """What is said of an option that a command has not: which commands have it, else its own with
    the letter in the other case, else its own most like it. `flag` may be a name in Python.
    """
    every = {c.name: [f for o in c.options for f in (*o.flags, o.name)] for c in COMMANDS.values()}
    having = [name for name, flags in every.items() if flag in flags]
    if having:
        who = " and ".join(filter(None, (", ".join(having[:-1]), having[-1])))
        return f": only {who} {'take' if len(having) > 1 else 'takes'} it"
    mine = every[command.name]
    if len(flag) == 2:  # of letters, none is like another
        return f" (did you mean {flag.swapcase()}?)" if flag.swapcase() in mine else ""
    return nearest(flag, [one for one in mine if one.startswith("-") == flag.startswith("-")])


def nearest(word: str, names: list[str]) -> str:
    """` (did you mean x?)` for the name most like a mistyped word, else nothing."""
    import difflib

    close = difflib.get_close_matches(word, names, 1, 0.5)
    return f" (did you mean {close[0]}?)" if close else ""
