"""Money: kept answers, deposits, reloads, storage that was bought, and what each account set about its balance."""

from peewee import BooleanField, CharField, Database, DateTimeField, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class KeptAnswer(Table):
        account_id = CharField()
        key = CharField()
        digest = CharField()
        status = IntegerField()
        content_type = CharField()
        body = TextField()
        created_at = DateTimeField(index=True)

        class Meta:
            indexes = ((("account_id", "key"), True),)

    class Deposit(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        provider = CharField()
        method = CharField()
        status = CharField(index=True)
        amount_cents = IntegerField()
        bonus_cents = IntegerField()
        paid_cents = IntegerField()
        provider_ref = CharField(index=True)
        link = TextField()
        card = TextField()
        reason = TextField()
        reason_code = CharField()
        is_for_owner = BooleanField()
        saves_card = BooleanField()
        decided_by = CharField()
        decided_as = CharField()
        created_at = DateTimeField(index=True)
        expires_at = DateTimeField()
        looked_at = DateTimeField()
        ended_at = DateTimeField(null=True)

    class Reload(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        attempt_key = CharField()
        amount_cents = IntegerField()
        state = CharField(index=True)
        token_digest = CharField(index=True)
        deposit_id = CharField(index=True)
        created_at = DateTimeField()
        expires_at = DateTimeField(null=True)

        class Meta:
            indexes = ((("account_id", "attempt_key"), True),)

    class Wallet(Table):
        account_id = CharField(primary_key=True)
        is_reload_on = BooleanField()
        needs_mail = BooleanField()
        reload_password_hash = CharField()
        low_balance_cents = IntegerField()
        customer_id = CharField()
        default_card = CharField()

    class StoragePurchase(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        gb = IntegerField()
        cents = IntegerField()
        created_at = DateTimeField()

    db.create_tables([KeptAnswer, Deposit, Reload, Wallet, StoragePurchase])
