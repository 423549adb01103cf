from datetime import timedelta

import pytest

from fastclip import accounts, api_keys, credentials, rules, sessions, store, tickets
from fastclip.accounts import Account
from fastclip.api_keys import ApiKey
from fastclip.errors import Conflict, FastClipError, InvalidRequest, NotFound, Unauthorized
from fastclip.sessions import Session
from fastclip.settings import Settings
from fastclip.tickets import Ticket
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _opened(data: Settings) -> None: ...


def back(table: type, **ages: timedelta) -> None:
    """Make every row of the table so much older."""
    for row in table.select():
        table.update({name: getattr(row, name) - age for name, age in ages.items()}).where(
            table.digest == row.digest
        ).execute()


# -- People ------------------------------------------------------------------------------------------------


def test_a_password_is_kept_as_argon2id_of_the_chosen_cost(owner: Account) -> None:
    assert owner.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in owner.password_hash


def test_an_address_is_kept_in_small_letters_and_found_in_any() -> None:
    added = accounts.add("  Ana@Example.ORG ", PASSWORD, role="member")
    assert (added.email, added.name) == ("ana@example.org", "Ana")
    assert accounts.by_email("ANA@example.org").id == added.id
    assert sessions.sign_in("Ana@Example.org ", PASSWORD)[0].id == added.id


def test_the_owner_is_covered_whatever_was_asked() -> None:
    assert accounts.add("o@example.org", PASSWORD, role="owner", is_covered=False).is_covered


def test_there_is_one_owner(owner: Account) -> None:
    with pytest.raises(Conflict, match="has its owner already"):
        accounts.add("second@example.org", PASSWORD, role="owner")
    found = accounts.owner()
    assert found and found.id == owner.id and accounts.has_owner()


def test_an_address_has_one_account(member: Account) -> None:
    with pytest.raises(Conflict, match=r"already an account for member@example\.org"):
        accounts.add("MEMBER@example.org", PASSWORD, role="member")


@pytest.mark.parametrize(
    ("email", "password", "role", "name", "param"),
    [
        ("nobody", PASSWORD, "member", "", "email"),
        ("a b@example.org", PASSWORD, "member", "", "email"),
        ("a@" + "b" * 260, PASSWORD, "member", "", "email"),
        ("a@example.org", PASSWORD, "admin", "", "role"),
        ("a@example.org", PASSWORD, "member", "n" * 101, "name"),
        ("a@example.org", "123456789", "member", "", "password"),
        ("a@example.org", "x1" * 65, "member", "", "password"),
        ("a@example.org", "aaaaaaaaaaab", "member", "", "password"),
        ("a@example.org", "Password123", "member", "", "password"),
    ],
)
def test_a_person_that_cannot_be_added_is_refused_by_field(
    email: str, password: str, role: str, name: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        accounts.add(email, password, role=role, name=name)
    assert refusal.value.param == param
    assert Account.select().count() == 0


def test_who_is_not_there_is_said() -> None:
    with pytest.raises(NotFound, match=r"no account for x@example\.org"):
        accounts.by_email("x@example.org")
    assert accounts.owner() is None and not accounts.has_owner()


@pytest.mark.parametrize(
    ("is_covered", "paid_cents", "has_4k"), [(True, 0, True), (False, 500, True), (False, 0, False)]
)
def test_4k_is_open_to_who_paid_or_is_covered(member: Account, is_covered: bool, paid_cents: int, has_4k: bool) -> None:
    Account.update(is_covered=is_covered, paid_total_cents=paid_cents).execute()
    assert accounts.by_id(member.id).has_4k is has_4k


# -- Signing in --------------------------------------------------------------------------------------------


def test_signing_in_begins_a_session_of_which_only_a_digest_is_kept(member: Account) -> None:
    account, token = sessions.sign_in("member@example.org", PASSWORD)
    assert account.id == member.id and len(token) >= 43
    assert Session.get().digest != token
    assert sessions.by_token(token)[0].id == member.id


def test_every_signing_in_is_a_new_session(member: Account) -> None:
    tokens = {sessions.sign_in("member@example.org", PASSWORD)[1] for _ in range(2)}
    assert len(tokens) == 2 and Session.select().count() == 2


@pytest.mark.parametrize("email", ["member@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(member: Account, email: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        sessions.sign_in(email, "wrong horse battery")
    assert refusal.value.message == "The address or the password is not right."
    assert Session.select().count() == 0


def test_an_unknown_address_costs_the_same_work(member: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Counting:
        def verify(self, hashed: str, password: str) -> bool:
            verified.append(hashed.split("$")[3])
            return hasher.verify(hashed, password)

        def __getattr__(self, name: str) -> object:
            return getattr(hasher, name)

    hasher = credentials._hasher
    monkeypatch.setattr(credentials, "_hasher", Counting())
    for email in ("member@example.org", "nobody@example.org"):
        with pytest.raises(Unauthorized):
            sessions.sign_in(email, "wrong horse battery")
    assert verified == ["m=19456,t=2,p=1"] * 2


def test_a_hash_of_lower_cost_is_renewed_at_signing_in(member: Account) -> None:
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    Account.update(password_hash=cheap).execute()
    sessions.sign_in("member@example.org", PASSWORD)
    assert accounts.by_id(member.id).password_hash.startswith("$argon2id$v=19$m=19456,t=2")
    sessions.sign_in("member@example.org", PASSWORD)


@pytest.mark.parametrize(
    ("seen_ago", "begun_ago", "is_valid"),
    [
        (timedelta(days=13, hours=23), timedelta(days=20), True),
        (timedelta(days=14, seconds=1), timedelta(days=20), False),
        (timedelta(), timedelta(days=89, hours=23), True),
        (timedelta(), timedelta(days=90, seconds=1), False),
    ],
)
def test_a_session_ends_after_14_idle_days_or_90_in_all(
    member: Account, seen_ago: timedelta, begun_ago: timedelta, is_valid: bool
) -> None:
    token = sessions.begin(member.id)
    back(Session, seen_at=seen_ago, created_at=begun_ago)
    sessions.forget_old()
    assert Session.select().exists() is is_valid
    if is_valid:
        sessions.by_token(token)
    else:
        with pytest.raises(Unauthorized, match="signed out"):
            sessions.by_token(token)


def test_an_old_session_is_refused_even_before_it_is_forgotten(member: Account) -> None:
    token = sessions.begin(member.id)
    back(Session, seen_at=timedelta(days=14, seconds=1))
    with pytest.raises(Unauthorized):
        sessions.by_token(token)


def test_a_session_in_use_does_not_grow_idle(member: Account) -> None:
    token = sessions.begin(member.id)
    back(Session, seen_at=timedelta(days=13))
    sessions.by_token(token)
    assert Session.get().seen_at > store.now() - timedelta(minutes=1)


def test_a_session_that_was_ended_is_over(member: Account) -> None:
    token, other = sessions.begin(member.id), sessions.begin(member.id)
    sessions.sign_out(token)
    with pytest.raises(Unauthorized):
        sessions.by_token(token)
    assert sessions.by_token(other)[0].id == member.id


def test_a_new_password_ends_every_session(member: Account, owner: Account) -> None:
    token, others = sessions.begin(member.id), sessions.begin(owner.id)
    sessions.set_password(member.id, "a better password")
    with pytest.raises(Unauthorized):
        sessions.by_token(token)
    assert sessions.by_token(others)[0].id == owner.id
    with pytest.raises(Unauthorized):
        sessions.sign_in("member@example.org", PASSWORD)
    assert sessions.sign_in("member@example.org", "a better password")[0].id == member.id


def test_each_session_has_its_own_csrf_token(member: Account) -> None:
    token, other = sessions.begin(member.id), sessions.begin(member.id)
    assert sessions.csrf_token(token) == sessions.csrf_token(token) != sessions.csrf_token(other)
    assert token not in sessions.csrf_token(token)


# -- One-time links ----------------------------------------------------------------------------------------


def test_the_setup_link_makes_the_owner_once() -> None:
    token = tickets.setup_token()
    made = tickets.set_up(token, "owner@example.org", PASSWORD, name="Olga")
    assert (made.role, made.name, made.is_covered) == ("owner", "Olga", True)
    with pytest.raises(Unauthorized, match="not valid any more"):
        tickets.set_up(token, "second@example.org", PASSWORD, name="")


def test_a_slip_at_setting_up_leaves_the_link_good() -> None:
    token = tickets.setup_token()
    with pytest.raises(InvalidRequest):
        tickets.set_up(token, "owner@example.org", "short", name="")
    tickets.set_up(token, "owner@example.org", PASSWORD, name="")


def test_a_newer_setup_link_replaces_the_older() -> None:
    older, newer = tickets.setup_token(), tickets.setup_token()
    with pytest.raises(Unauthorized):
        tickets.set_up(older, "owner@example.org", PASSWORD, name="")
    tickets.set_up(newer, "owner@example.org", PASSWORD, name="")


def test_a_setup_link_of_yesterday_is_not_valid() -> None:
    token = tickets.setup_token()
    back(Ticket, expires_at=tickets.SETUP_LINK_LIFE + timedelta(seconds=1))
    with pytest.raises(Unauthorized):
        tickets.set_up(token, "owner@example.org", PASSWORD, name="")
    assert not accounts.has_owner()


def test_a_setup_link_makes_no_second_owner(owner: Account) -> None:
    with pytest.raises(Conflict):
        tickets.set_up(tickets.setup_token(), "second@example.org", PASSWORD, name="")


def test_a_window_ticket_signs_in_once(owner: Account) -> None:
    ticket = tickets.window_ticket(owner.id)
    token = tickets.use_window_ticket(ticket)
    assert sessions.by_token(token)[0].id == owner.id
    with pytest.raises(Unauthorized, match="used already or is too old"):
        tickets.use_window_ticket(ticket)


def test_a_window_ticket_lives_a_minute_and_an_old_one_is_swept(owner: Account) -> None:
    ticket = tickets.window_ticket(owner.id)
    back(Ticket, expires_at=timedelta(seconds=61))
    with pytest.raises(Unauthorized):
        tickets.use_window_ticket(ticket)
    tickets.window_ticket(owner.id)
    back(Ticket, expires_at=timedelta(seconds=61))
    tickets.forget_old()
    assert Ticket.select().count() == 0


def test_a_ticket_of_one_purpose_is_none_of_the_other(owner: Account) -> None:
    with pytest.raises(Unauthorized):
        tickets.use_window_ticket(tickets.setup_token())
    with pytest.raises(Unauthorized):
        tickets.set_up(tickets.window_ticket(owner.id), "second@example.org", PASSWORD, name="")


# -- API keys ----------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_digest(member: Account) -> None:
    row, key = api_keys.add(member.id, " nightly clips ")
    assert key.startswith("sk_live_") and len(key) == 8 + 43
    assert (row.name, row.prefix) == ("nightly clips", key[:12])
    assert key not in str(ApiKey.get().__data__)
    assert key not in str(api_keys.describe(row))


def test_a_key_stands_for_its_account_and_remembers_its_use(member: Account) -> None:
    row, key = api_keys.add(member.id, "nightly")
    assert api_keys.describe(row)["last_used_at"] is None
    account, key_id = api_keys.by_key(key, ip="192.0.2.1")
    assert (account.id, key_id) == (member.id, row.id)
    (shown,) = map(api_keys.describe, api_keys.of_account(member.id))
    assert shown["last_used_ip"] == "192.0.2.1" and shown["last_used_at"]


def test_the_use_of_a_key_is_written_once_a_minute(member: Account) -> None:
    _, key = api_keys.add(member.id, "nightly")
    api_keys.by_key(key, ip="192.0.2.1")
    api_keys.by_key(key, ip="192.0.2.2")
    assert ApiKey.get().last_used_ip == "192.0.2.1"
    back(ApiKey, last_used_at=timedelta(seconds=61))
    api_keys.by_key(key, ip="192.0.2.2")
    assert ApiKey.get().last_used_ip == "192.0.2.2"


def test_a_revoked_key_is_dead_at_once(member: Account) -> None:
    row, key = api_keys.add(member.id, "nightly")
    api_keys.revoke(member.id, row.id)
    with pytest.raises(Unauthorized, match="may have been revoked"):
        api_keys.by_key(key, ip="")
    with pytest.raises(NotFound):
        api_keys.revoke(member.id, row.id)


def test_nobody_revokes_or_sees_the_key_of_another(member: Account, owner: Account) -> None:
    row, key = api_keys.add(member.id, "nightly")
    with pytest.raises(NotFound):
        api_keys.revoke(owner.id, row.id)
    assert api_keys.of_account(owner.id) == [] and api_keys.by_key(key, ip="")[0].id == member.id


def test_an_account_has_at_most_ten_keys(member: Account) -> None:
    rows = [api_keys.add(member.id, f"key {n}")[0] for n in range(rules.MAX_API_KEYS)]
    with pytest.raises(Conflict, match="at most 10 API keys") as refusal:
        api_keys.add(member.id, "one more")
    assert refusal.value.code == "limit_reached"
    api_keys.revoke(member.id, rows[0].id)
    api_keys.add(member.id, "one more")


@pytest.mark.parametrize("name", ["", "   ", "n" * 101])
def test_a_key_needs_a_name_of_1_to_100_characters(member: Account, name: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        api_keys.add(member.id, name)
    assert refusal.value.param == "name"


@pytest.mark.parametrize("key", ["", "sk_live_", "sk_live_" + "x" * 43, "ü" * 50])
def test_what_is_no_key_is_refused(member: Account, key: str) -> None:
    api_keys.add(member.id, "nightly")
    with pytest.raises(FastClipError) as refusal:
        api_keys.by_key(key, ip="")
    assert refusal.value.status == 401
