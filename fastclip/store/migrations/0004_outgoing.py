"""Webhooks and their deliveries, mails, and messages to the owner."""

from peewee import BooleanField, CharField, Database, DateTimeField, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Webhook(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        url = TextField()
        events = TextField()
        description = CharField()
        enabled = BooleanField()
        secret = CharField()
        created_at = DateTimeField()
        last_delivery_at = DateTimeField(null=True)
        consecutive_failures = IntegerField()
        failing_since = DateTimeField(null=True)
        disabled_reason = TextField()

    class Delivery(Table):
        id = CharField(primary_key=True)
        webhook_id = CharField(index=True)
        job_id = CharField()
        event = CharField()
        payload = TextField()
        is_test = BooleanField()
        status = CharField()
        attempt = IntegerField()
        response_status = IntegerField(null=True)
        error = TextField()
        duration_ms = IntegerField(null=True)
        created_at = DateTimeField(index=True)
        next_attempt_at = DateTimeField(null=True)
        delivered_at = DateTimeField(null=True)

    class Mail(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        job_id = CharField()
        recipient = CharField()
        reply_to = CharField()
        subject = CharField()
        text = TextField()
        status = CharField()
        attempt = IntegerField()
        error = TextField()
        created_at = DateTimeField(index=True)
        next_attempt_at = DateTimeField(null=True)
        sent_at = DateTimeField(null=True)

    class Message(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        kind = CharField()
        subject = CharField()
        text = TextField()
        email = CharField()
        mail_id = CharField()
        created_at = DateTimeField(index=True)

    db.create_tables([Webhook, Delivery, Mail, Message])
