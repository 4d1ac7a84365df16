"""The database as a broker: a process that has sent messages sends the next one after the database was restarted."""

import json
import os
import signal
from pathlib import Path

import psycopg

from tagplatform.celery import app
from tagplatform.launcher.embedded import start_embedded_database


def start_again(folder: Path) -> None:
    os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    start_embedded_database(folder)


def test_messages_are_sent_again_after_the_database_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    database = start_embedded_database(folder)
    broker = "sqla+postgresql+psycopg://" + database.url.split("://", 1)[1]
    try:
        with app.connection_for_write(broker) as connection, app.amqp.Producer(connection) as producer:
            app.send_task("before", queue="default", producer=producer)
            start_again(folder)
            app.send_task("after", queue="default", producer=producer)
        with psycopg.connect(database.url) as reader:
            messages = reader.execute("SELECT payload FROM kombu_message ORDER BY id").fetchall()
    finally:
        database.stop()

    assert [json.loads(payload)["headers"]["task"] for (payload,) in messages] == ["before", "after"]
