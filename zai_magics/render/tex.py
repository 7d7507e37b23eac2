r"""Which formulas may be typeset: a list of known commands, and bounds on what they can do.

MathJax is a programming language that shares its macros, labels and colours over the whole
page: one `\renewcommand{\frac}` breaks every other output, `\href` and `\bbox` reach the
document and the network, `\rule` grows to any size. So commands are allowed by name, and a
formula with any other is shown as its source.
"""

from __future__ import annotations

import re

LONGEST = 4000  # characters of one formula
_COMMANDS = 400
_SPACES = 40
_DEPTH = 30
_NESTED = 5

_SYMBOLS = r""",:;!>{}|\#%&_$ -"""
_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu
xi omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma
Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varGamma varDelta varTheta varLambda
varXi varPi varSigma varUpsilon varPhi varPsi varOmega aleph beth gimel daleth ell hbar hslash
imath jmath wp Re Im partial nabla infty emptyset varnothing prime backprime angle measuredangle
sphericalangle triangle triangledown square blacksquare Box Diamond lozenge bigstar star forall
exists nexists neg lnot top bot flat natural sharp clubsuit diamondsuit heartsuit spadesuit
surd complement eth mho Finv Game circledS checkmark maltese degree dagger ddagger S P pounds yen
copyright circledR ldots cdots vdots ddots dots dotsb dotsc dotsi dotsm dotso iddots
frac dfrac tfrac cfrac binom dbinom tbinom choose over atop sqrt root of
sum prod coprod int iint iiint iiiint oint oiint smallint idotsint bigcap bigcup bigsqcup bigvee
bigwedge bigodot bigoplus bigotimes biguplus limits nolimits intop ointop
sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp min max sup inf lim
limsup liminf varlimsup varliminf injlim projlim det dim ker hom deg gcd arg Pr mod bmod pmod pod
pm mp times div ast cdot cdotp circ bullet cap cup uplus sqcap sqcup vee lor wedge land setminus
smallsetminus wr amalg diamond bigtriangleup bigtriangledown triangleleft triangleright lhd rhd
unlhd unrhd oplus ominus otimes oslash odot bigcirc boxplus boxminus boxtimes boxdot ltimes rtimes
leftthreetimes rightthreetimes curlywedge curlyvee circledast circledcirc circleddash intercal
barwedge veebar doublebarwedge Cap Cup dotplus divideontimes centerdot
le leq leqq leqslant ge geq geqq geqslant lt gt ll gg lll ggg ne neq equiv sim simeq approx
approxeq cong doteq doteqdot propto varpropto models perp mid parallel nmid nparallel asymp bowtie
Join smile frown prec preceq preccurlyeq succ succeq succcurlyeq subset subseteq subseteqq supset
supseteq supseteqq sqsubset sqsubseteq sqsupset sqsupseteq in ni notin owns vdash dashv Vdash vDash
Vvdash nvdash nvDash nVdash nVDash lesssim gtrsim lessapprox gtrapprox lessgtr gtrless lesseqgtr
gtreqless nless ngtr nleq ngeq nleqslant ngeqslant lneq gneq lneqq gneqq lnsim gnsim nprec nsucc
npreceq nsucceq nsubseteq nsupseteq subsetneq supsetneq subsetneqq supsetneqq nsim ncong thicksim
thickapprox backsim backsimeq risingdotseq fallingdotseq circeq triangleq bumpeq Bumpeq between
pitchfork therefore because trianglelefteq trianglerighteq vartriangle vartriangleleft
vartriangleright not coloneqq eqqcolon vcentcolon
to gets leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow uparrow downarrow
updownarrow Uparrow Downarrow Updownarrow longleftarrow longrightarrow longleftrightarrow
Longleftarrow Longrightarrow Longleftrightarrow mapsto longmapsto hookleftarrow hookrightarrow
leftharpoonup leftharpoondown rightharpoonup rightharpoondown rightleftharpoons leftrightharpoons
iff implies impliedby leadsto nearrow searrow swarrow nwarrow nleftarrow nrightarrow
nLeftarrow nRightarrow nleftrightarrow nLeftrightarrow rightsquigarrow leftrightsquigarrow
leftleftarrows rightrightarrows leftrightarrows rightleftarrows upuparrows downdownarrows
upharpoonleft upharpoonright restriction twoheadleftarrow twoheadrightarrow leftarrowtail
rightarrowtail curvearrowleft curvearrowright circlearrowleft circlearrowright Lsh Rsh dashleftarrow
dashrightarrow multimap xleftarrow xrightarrow xleftrightarrow xRightarrow xLeftarrow xmapsto
left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm biggm
Biggm lbrace rbrace lbrack rbrack langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert
vert Vert backslash ulcorner urcorner llcorner lrcorner lgroup rgroup lmoustache rmoustache
hat widehat check widecheck tilde widetilde acute grave dot ddot dddot ddddot breve bar vec
mathring overline underline overbrace underbrace overleftarrow overrightarrow overleftrightarrow
underleftarrow underrightarrow underleftrightarrow overset underset stackrel overparen underparen
cancel bcancel xcancel boxed fbox substack sideset smash phantom hphantom vphantom mathstrut
mathrm mathit mathbf mathbb mathcal mathfrak mathscr mathsf mathtt mathnormal boldsymbol bm pmb
bold Bbb rm it bf sf tt cal frak scr text textrm textit textbf textsf texttt textnormal textup mbox
operatorname mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner
displaystyle textstyle scriptstyle scriptscriptstyle small normalsize color textcolor
begin end hline hdashline nonumber notag cr newline
quad qquad enspace enskip thinspace medspace thickspace negthinspace negmedspace negthickspace
space nobreakspace hfill hspace bra ket braket Bra Ket ce pu dd dv pdv abs norm
"""
_KNOWN = frozenset(_NAMES.split())
_KINDS = """
matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases rcases dcases array subarray
    aligned align align* alignedat split gathered gather gather* equation equation* multline
    multline* eqnarray eqnarray*
"""
_ENVIRONMENTS = frozenset(_KINDS.split())
_SPACING = {"quad", "qquad", "enspace", "enskip", "space", "nobreakspace", "hspace", "hfill"}

# TeX's own reading: a backslash takes all the letters behind it, or one other character.
_COMMAND = re.compile(r"\\([a-zA-Z]+|.)", re.DOTALL)
_SMALL = r"\s*-?(?:\d?(?:\.\d{0,3})?\s*(?:em|ex|cm)|\d{0,2}(?:\.\d{0,3})?\s*(?:pt|px|mm|mu))\s*"
_GOOD_SPACE = re.compile(rf"\*?\s*\{{{_SMALL}\}}")
_GOOD_ROW = re.compile(rf"\*?\s*(?!\s*\[)|\*?\s*\[{_SMALL}\]")
_GOOD_COLOUR = re.compile(r"\s*\{\s*#?[a-zA-Z0-9]{1,20}\s*\}")
_GOOD_BEGIN = re.compile(r"\{([a-zA-Z]+\*?)\}")
_ARRAY = re.compile(r"\s*(?:\[[tcb]\]\s*)?\{[lcr|:\s]{1,40}\}")
_NUMBERED = re.compile(r"\s*(?:\{\s*\d{1,2}\s*\})")
_LABEL = re.compile(r"\\label\s*\{[^{}\\]*\}")
_TAG = re.compile(r"\\tag\*?\s*\{([\w.'* -]{1,16})\}")


def without_labels(formula: str) -> str:
    r"""Return the formula with `\tag{1}` written out and `\label` left away.

    MathJax makes element ids of both, and a number used twice on a page is an error to it.
    """
    return _TAG.sub(r"\\qquad\\text{(\1)}", _LABEL.sub("", formula)).strip()


def harmless(formula: str) -> bool:
    r"""Return whether MathJax may see this formula: without its delimiters, at most 4,000 long.

    harmless(r"\frac{a}{b}")                    # True
    harmless(r"\href{javascript:x}{y}")         # False
    """
    if not formula or len(formula) > LONGEST or not _balanced(formula):
        return False
    commands = list(_COMMAND.finditer(formula))
    names = [found[1] for found in commands]
    if len(names) > _COMMANDS or sum(name in _SPACING for name in names) > _SPACES:
        return False
    return _nesting(names) <= _NESTED and all(_good(found, formula) for found in commands)


def _good(found: re.Match[str], formula: str) -> bool:
    name, end = found[1], found.end()
    if not name[0].isascii() or not name[0].isalpha():
        return name in _SYMBOLS and (name != "\\" or bool(_GOOD_ROW.match(formula, end)))
    if name not in _KNOWN:
        return False
    if name in ("begin", "end"):
        return _good_environment(formula, end, name)
    if name == "hspace":
        return bool(_GOOD_SPACE.match(formula, end))
    if name in ("color", "textcolor"):
        return bool(_GOOD_COLOUR.match(formula, end))
    # Their optional argument sets attributes of the element.
    return not (name.endswith("cancel") and formula[end:].lstrip()[:1] == "[")


def _good_environment(formula: str, at: int, command: str) -> bool:
    found = _GOOD_BEGIN.match(formula, at)
    if not found or found[1] not in _ENVIRONMENTS:
        return False
    if command == "begin" and found[1] in ("array", "subarray"):
        return bool(_ARRAY.match(formula, found.end()))
    if command == "begin" and found[1] == "alignedat":
        return bool(_NUMBERED.match(formula, found.end()))
    return True


def _nesting(names: list[str]) -> int:
    depth = deepest = 0
    for name in names:
        depth += (name == "begin") - (name == "end")
        deepest = max(deepest, depth)
    return deepest


def _balanced(formula: str) -> bool:
    """MathJax looks for the closing delimiter at brace level 0, so the braces have to close."""
    bare = _COMMAND.sub("", formula)
    depth = deepest = 0
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
        if depth < 0:
            return False
    # A lone dollar would be a delimiter of its own, should the formula not be found.
    return depth == 0 and deepest <= _DEPTH and bare.count("$") % 2 == 0 and bare[-1:] != "\\"
