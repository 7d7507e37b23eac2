"""`%zai replay`: what was recorded is given again, at its pace, without the service."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from books import restart, shown
from bought import html
from shell_cells import Cells

from zai_magics.errors import CommandError, Interrupted, KeyMissing, PackError, ReplayMiss


def replay(cells: Cells, how: str) -> str:
    ran = cells.run(f"%zai replay {how}", "replay")
    assert ran.ok, ran.out
    return shown(ran)


def ask(cells: Cells, prompt: str, cell: str = "1", options: str = "") -> Any:
    return cells.run(f"%%zai chat -o made {options}\n{prompt}", cell)


def test_off_is_the_default_and_asks_every_time(cells: Cells) -> None:
    assert len(ask(cells, "hi", options="--alone").bodies) == 1
    assert len(ask(cells, "hi", options="--alone").bodies) == 1
    assert "replay is off" in replay(cells, "")


@pytest.mark.parametrize("mode", ["auto", "only"])
def test_what_is_recorded_comes_again_without_a_request(cells: Cells, mode: str) -> None:
    first = ask(cells, "Tell me [[think]] more")
    said = cells.value("made")
    restart(cells)
    replay(cells, f"--speed 0 {mode}")
    again = ask(cells, "Tell me [[think]] more")
    made = cells.value("made")
    assert first.bodies and not again.bodies
    assert made == said and made.thinking == said.thinking and made.usage == said.usage
    assert made.cost == 0.0 and made.call.replayed.startswith("recorded 20")
    assert "replay" in html(again) and "recorded 20" in html(again)


def test_auto_asks_what_is_not_recorded_and_only_fails_with_what_is_nearest(cells: Cells) -> None:
    ask(cells, "What is a p value, in plain words?")
    replay(cells, "--speed 0 auto")
    assert len(ask(cells, "Something else", "2").bodies) == 1
    replay(cells, "only")
    missed = ask(cells, "What is the p value, in plain words?", "3")
    assert isinstance(missed.error, ReplayMiss) and not missed.bodies
    assert "What is [a → the] p value," in str(missed.error)
    assert "%zai replay auto asks" in str(missed.error) and "\n" not in str(missed.error)


NEAREST = "not recorded in the journal; the nearest differs: "


def miss(cells: Cells, prompt: str, options: str = "--alone") -> str:
    """What a chat is told that is not recorded, its next step aside."""
    missed = cells.run(f"%%zai chat {options}\n{prompt}", "new")
    assert isinstance(missed.error, ReplayMiss) and not missed.sent
    said, step = str(missed.error).rsplit("; ", 1)
    assert step == "%zai replay auto asks what is not recorded, with a key"
    return said.partition(NEAREST)[2] or said


def test_where_the_words_are_the_same_a_miss_says_what_else_differs(cells: Cells) -> None:
    cells.run("def tool(a: int): return a\nfrom PIL import Image\npic = Image.new('L', (9, 9))")
    ask(cells, "Hello there", options="--alone")
    ask(cells, "A picture", options="--alone -a pic --top-p 0.5 --think off -T tool")
    replay(cells, "only")
    told = {
        "-m glm-4.6": "recorded with -m glm-4.7, asked with -m glm-4.6",
        "-t 0.5": "recorded with no -t, asked with -t 0.5",
        "--max-tokens 9 --stop x": "recorded with no --max-tokens no --stop, "
        "asked with --max-tokens 9 --stop ['x']",
        "--think off": "recorded with no --think, asked with --think off",
        "--web": "recorded with no --web, asked with --web",
        "-T tool": "recorded with no -T, asked with -T tool",
        "--param seed=3": "recorded with no --param seed, asked with --param seed=3",
        "-s terse": "the system prompt",
        "-s terse -t 1": "the system prompt; recorded with no -t, asked with -t 1",
        "--schema 'a int'": "the schema",
        "-a pic": "an attachment; recorded with -m glm-4.7, asked with -m glm-4.6v",
    }
    assert {options: miss(cells, "Hello there", f"--alone {options}") for options in told} == told
    assert miss(cells, "A picture").endswith(
        "recorded with -m glm-4.6v --top-p 0.5 --think off -T tool, "
        "asked with -m glm-4.7 no --top-p no --think no -T"
    )


def test_a_miss_in_a_conversation_names_the_turns_before_it(cells: Cells) -> None:
    ask(cells, "Hello there", "1")
    ask(cells, "And again", "2")
    replay(cells, "only")
    assert miss(cells, "And again") == "the turns before it"


def test_a_slip_of_the_pen_is_nearest_to_what_was_meant(cells: Cells) -> None:
    ask(cells, "first question", options="--alone")
    ask(cells, "second question", options="--alone")
    replay(cells, "only")
    assert miss(cells, "firts question") == "[first → firts] question"


def test_white_space_that_alone_differs_is_called_so(cells: Cells) -> None:
    ask(cells, "What is a p value?", options="--alone")
    replay(cells, "only")
    assert miss(cells, "What is  a p value?") == "white space alone"
    assert miss(cells, "\nWhat is a p value?\n\n") == "white space alone"


def test_what_has_nothing_in_common_with_a_recording_is_nothing_like_it(cells: Cells) -> None:
    ask(cells, "What is the capital of Australia? One sentence.", options="--alone")
    replay(cells, "only")
    assert miss(cells, "Sing!") == "nothing like this chat is recorded in the journal"
    cells.run("1 / 0", "0")
    missed = cells.run("%zai fix", "1").error
    assert isinstance(missed, ReplayMiss) and "nothing like this chat" in str(missed)


def test_a_miss_of_a_picture_or_clip_names_the_option_or_how_many_there_are(cells: Cells) -> None:
    assert cells.run("%zai image --size 1280x1280 a cat", "1").ok
    assert cells.run("%zai video --audio a bird", "2").ok
    replay(cells, "only")
    told = {
        "image a cat": "differs: recorded with --size 1280x1280, asked with no --size;",
        "image -n 2 --size 1280x1280 a cat": "no more than 1 of these images is recorded",
        "video --fps 60 a bird": "recorded with --audio no --fps, asked with no --audio --fps 60;",
    }
    for line, said in told.items():
        assert said in str(cells.run(f"%zai {line}", "3").error)


@pytest.mark.parametrize("line", ["chat --alone the  question", "image a cat", "video -q a cat"])
def test_without_a_key_auto_says_that_a_request_is_not_recorded_and_what_is(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    for known in ("chat --alone the question", "image a  cat", "video a  cat"):
        assert cells.run(f"%zai {known}", "1").ok
    assert cells.run("%zai pack class.zai", "2").ok
    cells.zai.session.connection.base_url = None
    replay(cells, "auto class.zai")
    missed = cells.run(f"%zai {line}", "3")
    assert isinstance(missed.error, KeyMissing) and not missed.sent
    said = "is not recorded in class.zai; the nearest differs: white space alone; to ask for it: no"
    assert said in str(missed.error) and "%zai login" in str(missed.error)
    again = cells.run(f"%zai {line.replace(' ', ' --again ', 1)}", "3")
    assert isinstance(again.error, KeyMissing) and "recorded" not in str(again.error)


def test_under_only_the_next_step_keeps_the_pack(cells: Cells) -> None:
    ask(cells, "hi", options="--alone")
    assert cells.run("%zai pack class.zai", "2").ok
    replay(cells, "only class.zai")
    for line in ("chat --alone what else", "chat --again hi", "image a cat"):
        assert "%zai replay auto class.zai asks" in str(cells.run(f"%zai {line}", "3").error)


def test_only_has_no_network_for_anything(cells: Cells) -> None:
    replay(cells, "only")
    for line in ("image a cat", "video a bird", "wait 42", "chat hi", "chat --again hi"):
        ran = cells.run(f"%zai {line}", "1")
        assert isinstance(ran.error, ReplayMiss) and not ran.sent, line
    assert "replay only" in shown(cells.run("%zai models", "2"))
    replay(cells, "off")
    assert cells.run("%zai chat hi", "1").bodies


def test_again_asks_anew_and_the_newest_answer_is_replayed(cells: Cells) -> None:
    ask(cells, "hi", options="--alone")
    replay(cells, "--speed 0 auto")
    assert len(ask(cells, "hi", options="--alone --again").bodies) == 1
    newest = cells.value("made").call.request_id
    assert not ask(cells, "hi", options="--alone").bodies
    assert cells.value("made").call.request_id == newest


def test_a_conversation_and_the_rounds_of_tools_are_replayed(cells: Cells) -> None:
    cells.run('ran = []\ndef weather(city: str):\n    ran.append(city)\n    return "sun"', "0")
    book = {
        "1": '%%zai chat -T weather --approve always\n[[tool weather]][[arguments {"city": "A"}]]',
        "2": "%%zai chat\nand then?",
    }
    first = [cells.run(code, cell) for cell, code in book.items()]
    assert sum(len(ran.bodies) for ran in first) == 3
    said = [str(turn.reply) for turn in cells.zai.session.conversation.turns]
    restart(cells)
    replay(cells, "--speed 0 only")
    again = [cells.run(code, cell) for cell, code in book.items()]
    assert all(ran.ok and not ran.bodies for ran in again)
    assert [str(turn.reply) for turn in cells.zai.session.conversation.turns] == said
    assert cells.value("ran") == ["A", "A"]


def test_cells_that_ask_the_same_get_each_its_own_answer(cells: Cells, shop: Any) -> None:
    def answers(cell: str, times: int = 1) -> list[str]:
        loop = f"made = [zm.chat('hi', alone=True, quiet=True) for _ in range({times})]"
        assert cells.run("import zai_magics as zm\n" + loop, cell).ok
        return [str(reply) for reply in cells.value("made")]

    order, count = shop.order, iter(range(100))

    def numbered(where: str, body: Any) -> Any:
        status, made = order(where, body)
        made["choices"][0]["message"]["content"] = f"answer {next(count)}"
        return status, made

    shop.order = numbered
    cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing
    said = [answers("a"), answers("b", 3), answers("b", 3), answers("c")]
    restart(cells)
    cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing
    replay(cells, "--speed 0 only")
    assert [answers("c"), answers("b", 3), answers("a")] == [said[3], said[2], said[0]]
    replay(cells, "--speed 0 only")  # another notebook, whose cells have other ids
    assert [answers("x"), answers("y", 3), answers("z")] == [said[0], said[2], said[3]]


def test_pictures_and_clips_are_replayed_whatever_notebook_bought_them(
    cells: Cells, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cells.run("%zai image -n 2 a cat", "1").ok and cells.run("%zai video a bird", "2").ok
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    restart(cells)
    replay(cells, "only")
    again = [cells.run("%zai image -o p -n 2 a cat", "7"), cells.run("%zai video a bird", "8")]
    assert all(ran.ok and not ran.sent for ran in again)
    assert len(cells.value("p")) == 2 and all(p.path.exists() for p in cells.value("p"))
    assert isinstance(cells.run("%zai image -n 3 a cat", "9").error, ReplayMiss)
    with cells.zai.session.journal.read() as db:
        rows = db.execute("select count(*) from calls where kind = 'stored'").fetchone()
    assert rows >= (3,)
    assert "stored" not in shown(cells.run("%zai log", "9"))


def test_a_figure_of_other_bytes_is_known_by_its_form_under_only_and_that_is_said(
    cells: Cells,
) -> None:
    draw = "from PIL import Image\npic = Image.new('RGB', (64, 48), '{}')"
    cells.run(draw.format("red"), "0")
    ask(cells, "What is it?", options="--alone -a pic")
    cells.run(draw.format("blue"), "0")
    replay(cells, "--speed 0 auto")
    assert len(ask(cells, "What is it?", options="--alone -a pic").bodies) == 1
    cells.run(draw.format("green"), "0")
    replay(cells, "only")
    again = ask(cells, "What is it?", options="--alone -a pic")
    assert again.ok and "differs from the recorded one in its bytes" in html(again)
    cells.run("pic = pic.resize((32, 48))", "0")
    assert isinstance(ask(cells, "What is it?", options="--alone -a pic").error, ReplayMiss)


def test_what_the_sandbox_said_is_no_answer_of_the_service_under_auto(
    cells: Cells, shop: Any
) -> None:
    ask(cells, "hi", options="--alone")
    cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing
    replay(cells, "--speed 0 auto")
    ask(cells, "hi", options="--alone")
    assert shop.bought == 1


@pytest.mark.parametrize(("speed", "share"), [("1", 1.0), ("2", 0.5), ("0", 0.0)])
def test_the_answer_comes_at_its_recorded_pace(cells: Cells, speed: str, share: float) -> None:
    from zai_magics.retry import Timing

    now, naps = [100.0], []
    ticks = itertools.count(0.0, 0.01)
    cells.zai.session.timing = Timing(clock=lambda: next(ticks))

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    ask(cells, "[[think]] [[words 60]] go", options="--alone")
    elapsed = cells.value("made").elapsed
    replay(cells, f"--speed {speed} only")
    cells.zai.session.timing = Timing(clock=lambda: now[0], sleep=sleep)
    ask(cells, "[[think]] [[words 60]] go", options="--alone")
    assert abs(sum(naps) - elapsed * share) < 0.01 and (len(naps) > 1 or not share)


def test_a_replay_that_is_stopped_keeps_what_had_come(cells: Cells) -> None:
    from zai_magics.retry import Timing

    naps: list[float] = []

    def stop(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 5:
            raise KeyboardInterrupt

    ticks = itertools.count(0.0, 0.01)
    cells.zai.session.timing = Timing(clock=lambda: next(ticks))
    ask(cells, "[[words 60]] go")
    restart(cells)
    replay(cells, "only")
    cells.zai.session.timing = Timing(clock=lambda: 0.0, sleep=stop)
    stopped = ask(cells, "[[words 60]] go")
    assert isinstance(stopped.error, Interrupted) and not stopped.sent
    (turn,) = cells.zai.session.conversation.turns
    assert turn.state == "interrupted" and turn.thinking and not turn.reply


@pytest.mark.parametrize("how", ["onyl", "--speed -1 only", "--speed nan only", "auto nosuch.zai"])
def test_what_cannot_be_is_said_and_nothing_changes(cells: Cells, how: str) -> None:
    ran = cells.run(f"%zai replay {how}", "1")
    assert isinstance(ran.error, (CommandError, PackError))
    assert cells.zai.session.replay.mode == "off" and cells.zai.session.replay.speed == 1.0


def test_under_only_no_command_opens_a_connection(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import socket

    from shop import KEY

    opened: list[Any] = []

    def refused(*given: Any, **more: Any) -> Any:
        opened.append(given)
        raise OSError("no network")

    cells.run("def w(city: str): return city", "0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    cells.zai.session.connection.base_url = None
    replay(cells, "only")
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    for line in (
        "chat hi", "chat --again hi", "chat -T w --approve always hi", "chat --schema name hi",
        "chat -a http://x.test/a.png hi", "code hi", "fix", "image a cat", "image --again a cat",
        "video --background a bird", "wait", "wait 42", "jobs", "models", "history", "log", "cost",
        "budget 2", "chat hi", "export a.md", "restore", "pack a.zai", "",
    ):  # fmt: skip
        cells.run(f"%zai {line}", "1")
    assert opened == []


def test_under_auto_as_many_pictures_are_bought_as_are_missing(cells: Cells) -> None:
    assert cells.run("%zai image a cat", "1").ok
    replay(cells, "auto")
    ran = cells.run("%zai image -o p -n 3 a cat", "1")
    assert ran.ok and len(ran.bodies) == 2
    assert len({p.path for p in cells.value("p")}) == 3
    replay(cells, "only")
    assert cells.run("%zai image -o p -n 3 a cat", "1").ok and len(cells.value("p")) == 3
    assert isinstance(cells.run("%zai image -n 4 a cat", "1").error, ReplayMiss)


def test_under_only_nobody_logs_in(
    cells: Cells, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "0" * 32 + "." + "a" * 16)
    replay(cells, "only")
    assert isinstance(cells.run("%zai login", "1").error, ReplayMiss)
    assert shop.asked == []


def test_a_clip_of_another_frame_is_given_under_only_and_that_is_said(cells: Cells) -> None:
    draw = "from PIL import Image\nframe = Image.new('RGB', (64, 48), '{}')"
    cells.run(draw.format("red"), "0")
    assert cells.run("%zai video -a frame it moves", "1").ok
    cells.run(draw.format("green"), "0")
    replay(cells, "only")
    again = cells.run("%zai video -a frame it moves", "1")
    assert again.ok and "differs from the recorded one in its bytes" in html(again)


@pytest.mark.parametrize("options", ["temperature=0", "param={'seed': 3, 'a': [{'b': 1}]}"])
def test_numbers_that_are_equal_ask_the_same_whole_or_not(cells: Cells, options: str) -> None:
    made = "import zai_magics as zm\nmade = zm.chat('hi', alone=True, {})"
    assert cells.run(made.format("temperature=0.0"), "1").ok
    assert cells.run(made.format("param={'seed': 3.0, 'a': [{'b': 1.0}]}"), "1").ok
    replay(cells, "--speed 0 only")
    again = cells.run(made.format(options), "2")
    assert again.ok and not again.sent
    missed = cells.run(made.format(options.replace("3", "True").replace("0", "1")), "2")
    assert isinstance(missed.error, ReplayMiss)


def test_what_is_replayed_is_counted_and_listed_with_the_model_that_answered(
    cells: Cells, shop: Any
) -> None:
    order = shop.order

    def small(where: str, body: Any) -> Any:
        status, made = order(where, body)
        return status, {**made, "model": "Small-LM", "usage": {"prompt_tokens": 9}}

    shop.order = small
    ask(cells, "hi", options="--alone")
    restart(cells)
    cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing
    replay(cells, "--speed 0 only")
    ask(cells, "hi", options="--alone")
    for command in ("cost", "log"):
        told = shown(cells.run(f"%zai {command}", "2"))
        assert "Small-LM" in told and "glm-4.7" not in told, command
    assert "saved leaves out 1 answer shown again" in shown(cells.run("%zai cost", "2"))


def test_the_sandboxs_row_is_told_from_one_of_the_same_name(cells: Cells, shop: Any) -> None:
    ask(cells, "hi", options="--alone")
    cells.zai.session.connection.base_url = cells.sandbox.base_url
    ask(cells, "hi", options="--alone")
    assert "glm-4.7 (sandbox)" in shown(cells.run("%zai cost", "2"))


@pytest.mark.parametrize(
    ("speed", "said"), [("2.5", "; shown 2.5 times as fast"), ("0", "; shown at once"), ("1", "")]
)
def test_another_pace_is_said_by_replay_and_where_you_stand(
    cells: Cells, speed: str, said: str
) -> None:
    assert f"come from the journal, and there is no network{said}\n" in (
        replay(cells, f"--speed {speed} only") + "\n"
    )
    assert f"only, from the journal{said}\n" in shown(cells.run("%zai", "1"))


def test_a_file_that_is_no_pack_is_to_be_got_anew(cells: Cells, tmp_path: Any) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    said = str(cells.run("%zai replay only notes.txt", "1").error)
    assert said == (
        "notes.txt is no pack that can be read: it is no ZIP file, as a pack is; get the file anew"
    )


@pytest.mark.parametrize("line", ["chat --alone {} hi", "image {} a cat", "video {} a bird"])
def test_a_dry_run_says_whether_replay_has_the_answer(
    cells: Cells, line: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cells.run("%zai " + line.format(""), "1").ok
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    restart(cells)

    def told(options: str = "", more: str = "") -> str:
        ran = cells.run(f"%zai {line.format(f'--dry-run {options}')}{more}", "2")
        assert ran.ok and not ran.sent, ran.out
        return shown(ran)

    assert "recorded" not in told()
    replay(cells, "auto")
    assert "recorded: it would come from there, free" in told()
    assert "not recorded: it would be asked" in told(more=" and more")
    assert "recorded" not in told("--again")
    replay(cells, "only")
    assert "recorded: it would come from there, free" in told()
    assert "not recorded: it would fail" in told(more=" and more")


def test_recorded_answers_that_are_used_up_say_so(cells: Cells) -> None:
    loop = "import zai_magics as zm\nmade = [zm.chat('hi', alone=True) for _ in range({})]"
    assert cells.run(loop.format(3), "1").ok
    restart(cells)
    replay(cells, "--speed 0 only")
    assert cells.run(loop.format(5), "1").ok
    notes = [made.call.note for made in cells.value("made")]
    assert notes == ["", "", ""] + ["recorded 3 times, and this is the last again"] * 2
