"""The child that asks a language model: a chat GGUF in, choices out as JSON lines. It is started by `llm` and `models`.

llama.cpp runs only here, so that what crashes, hangs or fills the memory is a process that can be killed. It opens
no socket. A deadline, and SIGTERM, end it at once, also while a prompt is read: llama.cpp asks before each step of
its graph whether to go on.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastclip.ai import prompts
from fastclip.ai.prompts import Answer, Line

STEP_TOKENS = 256
"""So many tokens are read at a time: small enough to show progress and to need little memory."""
READING_CTX, RANKING_CTX = 8192, 4096
_WRITING = 3.0
"""A token written takes as long as so many read."""


class Stopped(Exception):
    """The deadline has passed, or somebody asked to stop."""


class Model:
    """A loaded model. until_s: on the monotonic clock, after which it stops."""

    def __init__(self, path: Path, *, context: int, until_s: float = float("inf")) -> None:
        import llama_cpp

        self.until_s, self.is_stopped = until_s, False
        threads = _threads()
        self._llama = llama_cpp.Llama(
            str(path),
            n_ctx=context,
            n_batch=STEP_TOKENS,
            n_threads=max(1, threads - 1),
            n_threads_batch=threads,
            n_gpu_layers=0,  # only on the CPU does llama.cpp ask whether to go on
            seed=0,
            verbose=False,
        )
        self._grammar = llama_cpp.LlamaGrammar
        self.context = int(self._llama.n_ctx())
        self._ask_whether_over = llama_cpp.ggml_abort_callback(lambda _: self.is_over())  # kept: C calls it
        llama_cpp.llama_set_abort_callback(self._llama.ctx, self._ask_whether_over, ctypes.c_void_p(None))
        self._format = self._formatter()

    def is_over(self) -> bool:
        return self.is_stopped or time.monotonic() > self.until_s

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._llama.tokenize(text.encode(), add_bos=False, special=False))

    def ask(
        self,
        texts: Sequence[str],
        query: str,
        *,
        most: int,
        lo_s: float = 15,
        hi_s: float = 90,
        line_s: float = 8,
        temperature: float = 0.0,
        seed: int = 0,
        tell: Callable[[float], None] = lambda fraction: None,
    ) -> list[Answer] | None:
        """The model's choice among lines; None if its reply is none. Raises Stopped."""
        prompt = self._prompt(prompts.messages(texts, query, most=most, lo_s=lo_s, hi_s=hi_s, line_s=line_s))
        room = prompts.most_tokens(most)
        whole = len(prompt) + _WRITING * room
        grammar = self._grammar.from_string(prompts.grammar(len(texts), most), verbose=False)
        try:
            self._read(prompt, lambda done: tell(done / whole))
            written, reply = 0, ""
            parts: Any = self._llama.create_completion(
                prompt, grammar=grammar, max_tokens=room, temperature=temperature, seed=seed, stream=True
            )
            for part in parts:
                reply += part["choices"][0]["text"]
                written += 1
                tell(min(1.0, (len(prompt) + _WRITING * written) / whole))
                self._go_on()
        except RuntimeError as error:  # llama_decode returned 2: aborted
            self._llama.reset()
            self._go_on()
            raise RuntimeError("the model failed while it was reading") from error
        return prompts.read(reply, len(texts))

    def right(self, tell: Callable[[float], None] = lambda fraction: None) -> int:
        """How many of the three questions about a known story it answers. Raises Stopped."""
        right = 0
        for at, question in enumerate(prompts.QUESTIONS):
            answers = self.ask(prompts.STORY, question[0], most=1, tell=lambda f, at=at: tell((at + f) / 3))  # type: ignore[misc]
            right += prompts.is_right(question, answers)
        return right

    def speed(self) -> float:
        """Tokens a second that it reads. Raises Stopped."""
        prompt = self._prompt(prompts.messages(prompts.STORY, "", most=1))
        began = time.monotonic()
        self._read(prompt, lambda done: None)
        return round(len(prompt) / (time.monotonic() - began), 1)

    def _go_on(self) -> None:
        if self.is_over():
            raise Stopped

    def _read(self, prompt: list[int], tell: Callable[[float], None]) -> None:
        """Put the prompt before the model by steps, less what it has read; the last token is left to ask with."""
        have = self._llama.input_ids[: self._llama.n_tokens].tolist()
        kept = next((at for at, (a, b) in enumerate(zip(have, prompt[:-1], strict=False)) if a != b), None)
        kept = min(len(have), len(prompt) - 1) if kept is None else kept
        if kept and not self._llama._ctx.kv_cache_seq_rm(-1, kept, -1):
            kept = 0
        if not kept:
            self._llama.reset()
            self._llama._ctx.kv_cache_clear()
        self._llama.n_tokens = kept
        for at in range(kept, len(prompt) - 1, STEP_TOKENS):
            self._go_on()
            tell(at)
            self._llama.eval(prompt[at : min(at + STEP_TOKENS, len(prompt) - 1)])

    def _prompt(self, chat: list[dict[str, str]]) -> list[int]:
        made = self._format(messages=chat, enable_thinking=False)
        return self._llama.tokenize(made.prompt.encode(), add_bos=not made.added_special, special=True)

    def _formatter(self) -> Any:
        """The model's own chat template; without one, the commonest. Templates run in Jinja's sandbox."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        own = self._llama.metadata.get("tokenizer.chat_template") or _CHATML
        named = [self._llama.token_eos(), self._llama.token_bos()]
        eos, bos = (self._llama._model.token_get_text(token) if token != -1 else "" for token in named)
        return Jinja2ChatFormatter(own, eos_token=eos, bos_token=bos)


_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)


def _threads() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(16, usable)


# -- Its life ----------------------------------------------------------------------------------------------


def choose(folder: Path) -> None:
    """Answer `ask.json`: {model, until_s, query, lines, most, lo_s, hi_s, context, overlap_s}; says what it does."""
    ask = json.loads((folder / "ask.json").read_text("utf-8"))
    rows = [Line(*row) for row in ask["lines"]]
    model = Model(Path(ask["model"]), context=ask["context"], until_s=ask["until_s"])
    signal.signal(signal.SIGTERM, lambda *_: setattr(model, "is_stopped", True))
    wanted = {name: ask[name] for name in ("most", "lo_s", "hi_s")}
    cut = _chunked(model, rows, ask)
    _say(event="plan", chunks=cut)
    for at, (first, last) in enumerate(cut):
        seconds = sum(row.end_s - row.start_s for row in rows[first:last]) / (last - first)
        began = time.monotonic()

        def shown(fraction: float, at: int = at) -> None:
            _progress((at + fraction) / len(cut))

        try:
            texts = [row.text for row in rows[first:last]]
            answers = model.ask(texts, ask["query"], line_s=seconds, tell=shown, **wanted)
        except Stopped:
            return _say(event="stopped")
        heard = None if answers is None else [asdict(answer) for answer in answers]
        _say(event="chunk", at=at, answers=heard, seconds=round(time.monotonic() - began, 2))


def _chunked(model: Model, rows: list[Line], ask: dict[str, Any]) -> list[tuple[int, int]]:
    frame = prompts.messages([], ask["query"], most=ask["most"], lo_s=ask["lo_s"], hi_s=ask["hi_s"])
    around = len(model._prompt(frame)) + prompts.most_tokens(ask["most"])
    budget = int((model.context - around) * 0.95)
    tokens = [model.count(prompts.numbered(row.text, 99)) for row in rows]
    if budget < max(tokens, default=0):
        raise ValueError(f"a context of {model.context} tokens has no room for a line")
    return prompts.chunks(rows, tokens, budget, overlap_s=ask["overlap_s"])


def look(path: Path) -> None:
    """Say what the file says of itself; its weights are not read."""
    import llama_cpp

    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    _say(facts={name: text for name, text in model.metadata.items() if len(text) < 200})


def prove(path: Path, wall_s: float) -> None:
    """Load the model, put the three questions to it, and say what it is. Whatever breaks ends this process."""
    model = Model(path, context=2048, until_s=time.monotonic() + wall_s)
    try:
        speed: float | None = model.speed()
        right: int | None = model.right(_progress)
    except Stopped:
        speed = right = None
    _say(right=right, tokens_per_s=speed)


def _progress(fraction: float) -> None:
    sys.stdout.write(f"progress {fraction:.4f}\n")
    sys.stdout.flush()


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _refuse_sockets(event: str, _: Any) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        raise RuntimeError("the chooser works offline")


if __name__ == "__main__":
    sys.addaudithook(_refuse_sockets)
    if sys.argv[1] == "choose":
        choose(Path(sys.argv[2]))
    elif sys.argv[1] == "look":
        look(Path(sys.argv[2]))
    else:
        prove(Path(sys.argv[2]), float(sys.argv[3]))
