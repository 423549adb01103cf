"""Placed captions to an ASS script that libass draws, the same in ffmpeg and in the browser. Source: captions.md 5.

A word has one event for each of its states (before, spoken, after), and they share their whole-centisecond borders:
no frame is without it. Boxes are drawn as vectors. `Kerning: yes` and `YCbCr Matrix: None` are what makes widths and
colours come out as computed (captions.md 0.2 and 0.3).
"""

from dataclasses import dataclass, field

from fastclip.media import notation
from fastclip.media.captions import Captions, Page, Slot
from fastclip.media.fonts import Font
from fastclip.media.paging import BOX_SIDES
from fastclip.media.style import Style

_HEAD = """[Script Info]
Title: FastClip captions
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 2
ScaledBorderAndShadow: yes
Kerning: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Word,{family},{size:.3f},{text},{text},{stroke},&H00000000,0,0,0,0,100,100,{spacing:g},0,1,{bord:g},0,5,0,0,0,1
Style: Box,{family},20,{text},{text},{stroke},&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_BOX, _BEHIND, _WORD, _FRONT = range(4)
_EVER_MS = 99_999_999
_BAND_GAP_CS = 100
_IMPACT_FROM, _IMPACT_OVER, _IMPACT_AT = 60, 112, 0.56
_POP_FROM = 85


@dataclass(frozen=True)
class Script:
    """An ASS file, and the fonts that it names: all that whoever draws it needs."""

    text: str
    fonts: tuple[Font, ...]


def write(captions: Captions) -> Script:
    """The captions as ASS."""
    style, font = captions.style, captions.font
    head = _HEAD.format(
        width=captions.width,
        height=captions.height,
        family=font.family,
        size=style.font_size * font.size,
        text=f"&H00{notation.bgr(style.text_color)}",
        stroke=f"&H00{notation.bgr(style.stroke_color)}",
        spacing=style.letter_spacing,
        bord=style.stroke,
    )
    drawing = _Drawing(captions)
    for n, page in enumerate(captions.pages):
        drawing.page(page, captions.pages[n + 1] if n + 1 < len(captions.pages) else None)
    used = {run.font.family: run.font for page in captions.pages for slot in page.slots for run in slot.word.runs}
    fonts = used | {font.family: font}
    return Script(head + "\n".join(drawing.events) + "\n", tuple(fonts.values()))


@dataclass
class _Drawing:
    captions: Captions
    events: list[str] = field(default_factory=list)

    @property
    def style(self) -> Style:
        return self.captions.style

    def page(self, page: Page, following: Page | None) -> None:
        boxes = {"highlight-box": self._whole_box, "line-box": self._line_boxes}
        if self.style.effect in boxes:
            boxes[self.style.effect](page)
        if self.style.effect == "news-ticker":
            self._band(page, following)
        for slot in page.slots:
            self._word(page, slot)

    # -- Words ---------------------------------------------------------------------------------------------

    def _word(self, page: Page, slot: Slot) -> None:
        style = self.style
        is_late = style.effect == "typewriter" or style.animation == "impact"
        start = slot.word.start if is_late else page.start
        if style.effect == "word-box":
            self._pill(page, slot)
        if style.effect == "typewriter":
            self._caret(page, slot)
        if style.effect == "glow" and not style.highlight_mode:
            self._glow(page, slot, start, page.end)
        for first, last, tags, layer in self._states(page, slot, start):
            self._shadow(page, slot, first, last, tags)
            if layer == _FRONT and style.effect == "glow":
                self._glow(page, slot, first, last)
            self._letters(layer, page, slot, first, last, tags)
        if style.effect == "sweep":
            self._sweep(page, slot)

    def _states(self, page: Page, slot: Slot, start: int) -> list[tuple[int, int, str, int]]:
        """(start, end, tags, layer) of what a word is in turn. Without a difference it is one state."""
        style, word = self.style, slot.word
        if not style.highlight_mode and style.inactive_opacity == 1:
            accent = style.animation == "impact" and word.is_last
            return [(start, page.end, f"\\1c{notation.color(style.highlight_color)}" * accent, _WORD)]
        waiting = f"\\alpha{notation.alpha(style.inactive_opacity)}" * (style.inactive_opacity < 1)
        spoken = f"\\1c{notation.color(style.highlight_color)}" * self._recolours
        layer = _FRONT if style.highlight_mode else _WORD
        states = [
            (start, word.start, waiting, _WORD),
            (word.start, slot.until, spoken + self._growth(), layer),
            (slot.until, page.end, "", _WORD),
        ]
        return [state for state in states if state[1] > state[0]]

    @property
    def _recolours(self) -> bool:
        """Whether the spoken word takes the highlight colour: not where something behind or over it has that."""
        style = self.style
        has_own_box = style.effect in ("highlight-box", "line-box", "news-ticker") and style.box_color is None
        return style.highlight_mode and style.effect not in ("word-box", "sweep") and not has_own_box

    def _growth(self) -> str:
        style = self.style
        if style.pop == 1:
            return ""
        percent = f"{style.pop * 100:g}"
        grown = f"\\fscx{percent}\\fscy{percent}"
        return f"\\t(0,{style.animation_ms},{grown})" if style.animation == "pop" and style.animation_ms else grown

    def _letters(self, layer: int, page: Page, slot: Slot, first: int, last: int, tags: str) -> None:
        at = self._at(page, slot, first, *_centre(page, slot))
        self._event(layer, first, last, "Word", f"{{{at}{tags}}}{_text(self, page, slot)}")

    def _shadow(self, page: Page, slot: Slot, first: int, last: int, tags: str) -> None:
        style = self.style
        if not style.shadow_enabled or not style.shadow_opacity:
            return
        x, y = _centre(page, slot)
        color = notation.color(style.shadow_color)
        at = self._at(page, slot, first, x + style.shadow_x, y + style.shadow_y)
        growing = "" if "\\fscx" not in tags else tags[tags.index("\\t(") if "\\t(" in tags else tags.index("\\fscx") :]
        look = (
            f"{growing}\\1c{color}\\3c{color}\\alpha{notation.alpha(style.shadow_opacity)}\\blur{style.shadow_blur:g}"
        )
        self._event(_BEHIND, first, last, "Word", f"{{{at}{look}}}{_text(self, page, slot)}")

    def _glow(self, page: Page, slot: Slot, first: int, last: int) -> None:
        style = self.style
        at = self._at(page, slot, first, *_centre(page, slot))
        for layer, reach, blur in ((_BOX, 0.57, 1.0), (_BEHIND, 0.21, 0.36)):
            bord, blur = style.stroke + style.glow_size * reach, style.glow_size * blur
            look = f"\\1a&HFF&\\3c{notation.color(style.highlight_color)}\\bord{bord:.2f}\\blur{blur:.2f}"
            self._event(layer, first, last, "Word", f"{{{at}{look}}}{_text(self, page, slot)}")

    def _sweep(self, page: Page, slot: Slot) -> None:
        """The word once more in the highlight colour, uncovered from where its reading begins."""
        word, reach = slot.word, self.style.stroke + 2
        left, right = int(slot.x - reach), int(slot.x + slot.width + reach) + 1
        top, bottom = int(slot.baseline - 2 * page.size), int(slot.baseline + 2 * page.size)
        none = (right, right) if word.is_rtl else (left, left)
        took = max(1, min(slot.until, word.end) - word.start) * 10
        clips = [f"\\clip({a},{top},{b},{bottom})" for a, b in (none, (left, right))]
        tags = f"\\1c{notation.color(self.style.highlight_color)}{clips[0]}\\t(0,{took},{clips[1]})"
        self._letters(_FRONT, page, slot, word.start, page.end, tags)

    def _at(self, page: Page, slot: Slot, first: int, x: float, y: float) -> str:
        """Where, and how it comes in. A later state goes on with what the page began: its times may be negative."""
        style = self.style
        begun_ms = 0 if style.animation == "impact" else (first - page.start) * 10
        ends_ms = style.animation_ms - begun_ms
        way = "\\fe-1" * slot.word.is_rtl
        at = f"\\pos({x:.2f},{y:.2f}){way}"
        if style.animation == "none" or ends_ms <= 0:
            return at
        if style.animation == "slide-up":
            low = y + 0.5 * page.size
            fading = f"\\fade(255,0,0,{-begun_ms},{ends_ms},{_EVER_MS},{_EVER_MS})"
            return f"\\move({x:.2f},{low:.2f},{x:.2f},{y:.2f},{-begun_ms},{ends_ms}){way}{fading}"
        if style.animation == "fade":
            return f"{at}\\fade(255,0,0,{-begun_ms},{ends_ms},{_EVER_MS},{_EVER_MS})"
        if style.animation == "impact":
            turn = round(style.animation_ms * _IMPACT_AT)
            return (
                f"{at}\\fscx{_IMPACT_FROM}\\fscy{_IMPACT_FROM}\\t(0,{turn},\\fscx{_IMPACT_OVER}\\fscy{_IMPACT_OVER})"
                f"\\t({turn},{style.animation_ms},\\fscx100\\fscy100)"
            )
        if not style.highlight_mode:
            return f"{at}\\fscx{_POP_FROM}\\fscy{_POP_FROM}\\t({-begun_ms},{ends_ms},\\fscx100\\fscy100)"
        return at

    # -- Boxes ---------------------------------------------------------------------------------------------

    def _whole_box(self, page: Page) -> None:
        left, top, right, bottom = page.box
        wide, high = self._padding
        self._rects(page, _BOX, page.start, page.end, [(left - wide, top - high, right + wide, bottom + high)])

    def _line_boxes(self, page: Page) -> None:
        """One drawing of all lines, so that where two of them touch nothing is drawn twice."""
        wide, high = self._padding
        above, below = page.cap + high, page.drop + high
        rects = [
            (line.x - wide, line.baseline - above, line.x + line.width + wide, line.baseline + below)
            for line in page.lines
        ]
        self._rects(page, _BOX, page.start, page.end, rects)

    def _pill(self, page: Page, slot: Slot) -> None:
        wide, high = self._padding
        top, bottom = slot.baseline - page.cap - high, slot.baseline + high
        rect = (slot.x - wide, top, slot.x + slot.width + wide, bottom)
        self._rects(page, _BOX, slot.word.start, slot.until, [rect])

    @property
    def _padding(self) -> tuple[float, float]:
        return self.style.box_padding * BOX_SIDES, self.style.box_padding

    def _caret(self, page: Page, slot: Slot) -> None:
        wide = max(3.0, 0.09 * page.size)
        x = slot.x - 2 * wide if slot.word.is_rtl else slot.x + slot.width + wide
        rect = (x, slot.baseline - page.cap, x + wide, slot.baseline)
        self._rects(page, _WORD, slot.word.start, slot.until, [rect], radius=0)

    def _band(self, page: Page, following: Page | None) -> None:
        """Over the whole width, and on through short gaps; a bright line on top."""
        end = page.end
        if following and following.start - page.end < _BAND_GAP_CS:
            end = following.start
        top, bottom = page.box[1] - self.style.box_padding, page.box[3] + self.style.box_padding
        width = float(self.captions.width)
        self._rects(page, _BOX, page.start, end, [(0, top, width, bottom)], radius=0)
        rule = [(0.0, top, width, top + 5)]
        self._rects(page, _BEHIND, page.start, end, rule, radius=0, fill=self.style.text_color)

    def _rects(
        self,
        page: Page,
        layer: int,
        first: int,
        last: int,
        rects: list[tuple[float, float, float, float]],
        *,
        radius: float | None = None,
        fill: str | None = None,
    ) -> None:
        style = self.style
        x, y = min(one[0] for one in rects), min(one[1] for one in rects)
        radius = style.box_radius if radius is None else radius
        path = " ".join(notation.rounded(a - x, b - y, c - x, d - y, radius) for a, b, c, d in rects)
        at = f"\\an7\\pos({x:.2f},{y:.2f}){self._fading(page, first)}"
        look = f"\\1c{notation.color(fill or style.box_fill)}\\1a{notation.alpha(style.box_opacity)}\\bord0"
        self._event(layer, first, last, "Box", f"{{{at}{look}\\p1}}{path}")

    def _fading(self, page: Page, first: int) -> str:
        begun_ms = (first - page.start) * 10
        if self.style.animation not in ("fade", "slide-up") or begun_ms >= self.style.animation_ms:
            return ""
        return f"\\fade(255,0,0,{-begun_ms},{self.style.animation_ms - begun_ms},{_EVER_MS},{_EVER_MS})"

    def _event(self, layer: int, first: int, last: int, style: str, text: str) -> None:
        if last > first:
            self.events.append(
                f"Dialogue: {layer},{notation.clock(first)},{notation.clock(last)},{style},,0,0,0,,{text}"
            )


def _text(drawing: _Drawing, page: Page, slot: Slot) -> str:
    """The word, each run in its own font at its own size; nothing is said where the style says it."""
    said, now = "", (drawing.captions.font.family, float(drawing.style.font_size))
    for run in slot.word.runs:
        wanted = (run.font.family, page.size)
        if wanted != now:
            said += f"{{\\fn{run.font.family}\\fs{page.size * run.font.size:.3f}}}"
            now = wanted
        said += run.text
    spacing = drawing.style.letter_spacing
    if spacing and page.size != drawing.style.font_size:
        said = f"{{\\fsp{spacing * page.size / drawing.style.font_size:.3f}}}{said}"
    return said


def _centre(page: Page, slot: Slot) -> tuple[float, float]:
    """The middle of the box that libass gives the word: as high as the highest of its fonts, as low as the lowest."""
    ascent = max(run.font.ascent for run in slot.word.runs) * page.size
    descent = max(run.font.descent for run in slot.word.runs) * page.size
    return slot.x + slot.width / 2 + _lean(page, slot), slot.baseline - (ascent - descent) / 2


def _lean(page: Page, slot: Slot) -> float:
    """How far the middle that libass gives a word lies beside that of its advance; only right to left is it so."""
    if not slot.word.is_rtl:
        return 0.0
    pen, spans = 0.0, []
    for run in reversed(slot.word.runs):
        low, high = run.font.reach(run.text)
        spans.append((pen + low, pen + high))
        pen += run.font.advance(run.text)[0]
    return (min(low for low, _ in spans) + max(high for _, high in spans) - pen) / 2 * page.size
