"""Names and terms that an account's recordings are full of; the recogniser is told them."""

from collections.abc import Sequence

from peewee import CharField, TextField

from fastclip import store
from fastclip.errors import InvalidRequest
from fastclip.store import Row

MAX_WORDS, MAX_WORD_CHARS = 200, 60


class Glossary(Row):
    account_id = CharField(primary_key=True)
    words = TextField(default="")  # one a line


def words_of(account_id: str) -> list[str]:
    row = Glossary.get_or_none(Glossary.account_id == account_id)
    return row.words.splitlines() if row else []


def keep(account_id: str, words: Sequence[str]) -> list[str]:
    """The glossary from now on, without repetitions. Raises InvalidRequest."""
    plain = list(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    if len(plain) > MAX_WORDS:
        raise InvalidRequest(f"{len(plain)} words were sent; a glossary has up to {MAX_WORDS}.", param="words")
    for n, word in enumerate(plain):
        if len(word) > MAX_WORD_CHARS:
            raise InvalidRequest(f"words[{n}] is longer than {MAX_WORD_CHARS} characters.", param=f"words[{n}]")
    kept = "\n".join(plain)
    with store.write():
        Glossary.insert(account_id=account_id, words=kept).on_conflict(
            conflict_target=[Glossary.account_id], update={Glossary.words: kept}
        ).execute()
    return plain


def forget(account_id: str) -> None:
    """Delete the glossary of an account that is closed."""
    with store.write():
        Glossary.delete().where(Glossary.account_id == account_id).execute()
